-- Purchases per look of a category in an age band, over the last 1500 moments at which something of it that could
-- be bought was shown or bought. Pulled towards one in twelve with the weight of a hundred looks.
WITH moments AS (
  SELECT age_band, category, event_time, sum(buys)::DOUBLE AS buys, sum(looks)::DOUBLE AS looks
  FROM (
    SELECT age_band, category, i.shown_at AS event_time, 0 AS buys,
      round(1000 * power(0.85, i.position - 1))::INTEGER AS looks
    FROM impressions i JOIN customers USING (customer_id) JOIN plants USING (plant_id)
    WHERE i.available AND i.surface <> 'search'
    UNION ALL
    SELECT age_band, category, ordered_at, 1000, 0
    FROM orders
    JOIN customers USING (customer_id)
    JOIN plants USING (plant_id)
    SEMI JOIN (SELECT impression_id FROM impressions WHERE surface <> 'search') USING (impression_id)
    UNION ALL
    SELECT DISTINCT age_band, category, listed_at, 0, 0 FROM customers CROSS JOIN plants
  )
  GROUP BY age_band, category, event_time
)
SELECT
  age_band,
  category,
  event_time,
  ((sum(buys) OVER recent + 8333) / (sum(looks) OVER recent + 100000))::FLOAT AS age_affinity
FROM moments
WINDOW recent AS (PARTITION BY age_band, category ORDER BY event_time ROWS BETWEEN 1499 PRECEDING AND CURRENT ROW)
