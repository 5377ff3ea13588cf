-- Whether the plant could be bought when it was last shown: a row for each change.
WITH seen AS (
  SELECT plant_id, shown_at AS event_time, min(available::INTEGER) AS in_stock
  FROM impressions GROUP BY plant_id, shown_at
  UNION ALL
  SELECT plant_id, listed_at, 1 FROM plants
)
SELECT plant_id, event_time, in_stock
FROM seen
QUALIFY in_stock IS DISTINCT FROM lag(in_stock) OVER (PARTITION BY plant_id ORDER BY event_time)
