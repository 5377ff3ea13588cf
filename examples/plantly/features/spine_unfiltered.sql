-- As spine.sql, but with every showing, also of plants where they are invasive: what a newcomer who doesn't
-- know the rule would write.
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
WHERE i.surface <> 'search'
  AND i.shown_at <= (SELECT max(ordered_at) FROM orders)
QUALIFY row_number() OVER (ORDER BY i.shown_at DESC, i.impression_id DESC) <= 40000
