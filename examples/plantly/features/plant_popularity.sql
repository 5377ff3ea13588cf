-- Clicks per look, over the last 40 moments (trend) and the last 600 (fame) at which a plant was shown or
-- clicked. A look is a showing weighted by the chance that its place is looked at (0.85 to the power of the
-- places before it), in whole thousandths, so that sums are exact in any order; as DOUBLE, which a window adds
-- up faster than the HUGEINT of a sum. Rates are pulled towards one click in four looks with the weight of
-- eight looks. A row holds nothing later than its event_time.
WITH moments AS (
  SELECT plant_id, event_time, sum(clicks)::DOUBLE AS clicks, sum(looks)::DOUBLE AS looks
  FROM (
    SELECT plant_id, shown_at AS event_time, 0 AS clicks, round(1000 * power(0.85, position - 1))::INTEGER AS looks
    FROM impressions
    UNION ALL
    SELECT plant_id, clicked_at, 1000, 0 FROM clicks
    UNION ALL
    SELECT plant_id, listed_at, 0, 0 FROM plants
  )
  GROUP BY plant_id, event_time
)
SELECT
  plant_id,
  event_time,
  ((sum(clicks) OVER trend + 2000) / (sum(looks) OVER trend + 8000))::FLOAT AS click_trend,
  ((sum(clicks) OVER fame + 2000) / (sum(looks) OVER fame + 8000))::FLOAT AS click_fame
FROM moments
WINDOW
  trend AS (PARTITION BY plant_id ORDER BY event_time ROWS BETWEEN 39 PRECEDING AND CURRENT ROW),
  fame AS (PARTITION BY plant_id ORDER BY event_time ROWS BETWEEN 599 PRECEDING AND CURRENT ROW)
