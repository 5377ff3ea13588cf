-- One row per plant shown by the shop on its own account (not searched for) among the newest 40,000, until
-- the newest known order: later showings may still sell. Plants where they are invasive are no examples,
-- as they may not be recommended there. Nor is what stood below a plant that was opened and found sold out:
-- such shoppers leave, so whether they would have bought it is not known.
WITH disappointed AS (
  SELECT request_id, min(position) AS position
  FROM impressions
  WHERE NOT available AND impression_id IN (SELECT impression_id FROM clicks)
  GROUP BY request_id
)
SELECT
  i.impression_id,
  i.request_id,
  i.shown_at AS event_time,
  i.customer_id,
  i.plant_id,
  c.region,
  c.age_band,
  p.category,
  (i.impression_id IN (SELECT impression_id FROM orders))::INTEGER AS bought
FROM impressions i
JOIN customers c USING (customer_id)
JOIN plants p USING (plant_id)
LEFT JOIN disappointed d USING (request_id)
WHERE i.surface <> 'search'
  AND (d.position IS NULL OR i.position <= d.position)
  AND NOT list_contains(p.invasive_in, c.region)
  AND i.shown_at <= (SELECT max(ordered_at) FROM orders)
QUALIFY row_number() OVER (ORDER BY i.shown_at DESC, i.impression_id DESC) <= 40000
