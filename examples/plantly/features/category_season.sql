-- Purchases per look of a category among everybody, over its last 800 moments: what the season brings.
WITH moments AS (
  SELECT category, event_time, sum(buys)::DOUBLE AS buys, sum(looks)::DOUBLE AS looks
  FROM (
    SELECT category, i.shown_at AS event_time, 0 AS buys,
      round(1000 * power(0.85, i.position - 1))::INTEGER AS looks
    FROM impressions i JOIN plants USING (plant_id)
    WHERE i.available AND i.surface <> 'search'
    UNION ALL
    SELECT category, ordered_at, 1000, 0
    FROM orders
    JOIN plants USING (plant_id)
    SEMI JOIN (SELECT impression_id FROM impressions WHERE surface <> 'search') USING (impression_id)
    UNION ALL
    SELECT DISTINCT category, listed_at, 0, 0 FROM plants
  )
  GROUP BY category, event_time
)
SELECT
  category,
  event_time,
  ((sum(buys) OVER recent + 8333) / (sum(looks) OVER recent + 100000))::FLOAT AS season_momentum
FROM moments
WINDOW recent AS (PARTITION BY category ORDER BY event_time ROWS BETWEEN 799 PRECEDING AND CURRENT ROW)
