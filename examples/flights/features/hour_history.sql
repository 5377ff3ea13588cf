-- The same for the hour of departure, over all airports.
WITH daily AS (
  SELECT hour(scheduled_at) AS hour, date_trunc('day', scheduled_at) AS day, count(*) AS flights, sum((delay > 15)::INT) AS late
  FROM flights GROUP BY ALL
)
SELECT
  hour,
  day + INTERVAL 1 DAY AS event_time,
  sum(late) OVER recent / sum(flights) OVER recent AS late_share
FROM daily
WINDOW recent AS (PARTITION BY hour ORDER BY day RANGE BETWEEN INTERVAL 13 DAY PRECEDING AND CURRENT ROW)
