-- The hour as a place on the circle of the day, so that 23:00 is near 00:00.
SELECT
  h AS hour,
  TIMESTAMP '2000-01-01' AS event_time,
  sin(2 * pi() * h / 24) AS sine,
  cos(2 * pi() * h / 24) AS cosine
FROM range(24) AS t (h)
