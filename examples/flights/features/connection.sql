-- Distances don't change: known from the first flight on.
SELECT origin, destination, min(scheduled_at) AS event_time, max(distance)::DOUBLE AS distance
FROM flights GROUP BY origin, destination
