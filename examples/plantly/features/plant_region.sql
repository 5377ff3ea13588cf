-- Every plant in every region: 1 where it must not be sold.
SELECT
  plant_id,
  region,
  listed_at AS event_time,
  list_contains(invasive_in, region)::INTEGER AS invasive_here
FROM plants CROSS JOIN (SELECT DISTINCT region FROM customers)
