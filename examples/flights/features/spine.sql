SELECT
  flight_id,
  scheduled_at AS event_time,
  origin,
  destination,
  hour(scheduled_at) AS hour,
  (delay > 15)::INT AS late,
  CASE WHEN hour(scheduled_at) < 12 THEN 'morning' WHEN hour(scheduled_at) < 18 THEN 'afternoon' ELSE 'evening' END AS part_of_day
FROM flights
