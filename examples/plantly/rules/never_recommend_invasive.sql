-- Recommendations of a plant in a region where it is invasive. Any row is an offence.
SELECT r.customer_id, c.region, r.plant_id, p.name, p.invasive_in
FROM recommendations r
JOIN customers c USING (customer_id)
JOIN plants p USING (plant_id)
WHERE list_contains(p.invasive_in, c.region)
ORDER BY r.plant_id, r.customer_id
