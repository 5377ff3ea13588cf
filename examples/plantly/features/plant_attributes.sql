-- What the catalogue says of a plant. `category` is a key for other views and isn't fed to the model.
SELECT
  plant_id,
  listed_at AS event_time,
  category,
  price,
  difficulty,
  light_need,
  (category = 'foliage')::INTEGER AS is_foliage,
  (category = 'succulent')::INTEGER AS is_succulent,
  (category = 'flowering')::INTEGER AS is_flowering,
  (category = 'herb')::INTEGER AS is_herb,
  (category = 'fern')::INTEGER AS is_fern,
  (category = 'vine')::INTEGER AS is_vine,
  (category = 'tree')::INTEGER AS is_tree
FROM plants
