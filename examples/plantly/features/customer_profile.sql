-- What the customer told at sign-up. `region` and `age_band` are keys for other views.
SELECT customer_id, signed_up_at AS event_time, region, age_band, age, experience, home_light
FROM customers
