-- Share of departures delayed over 15 minutes, last 14 days, known from the next midnight on.
WITH daily AS (
  SELECT origin, date_trunc('day', scheduled_at) AS day, count(*) AS flights, sum((delay > 15)::INT) AS late
  FROM flights GROUP BY ALL
)
SELECT
  origin,
  day + INTERVAL 1 DAY AS event_time,
  sum(late) OVER recent / sum(flights) OVER recent AS late_share,
  sum(flights) OVER recent AS departures
FROM daily
WINDOW recent AS (PARTITION BY origin ORDER BY day RANGE BETWEEN INTERVAL 13 DAY PRECEDING AND CURRENT ROW)
