-- A summary of one product's reviews: how many gave each rating and how many
-- recommended it, and the mean of each characteristic. Counts and means are
-- texts; ratings without a review are left out.
-- param product_id: reviews.product_id
-- route: GET /reviews/meta
-- cache: 60s
-- response: {
--   "product_id": "string", "ratings": {"*": "string"}, "recommended": {"false": "string", "true": "string"},
--   "characteristics": {"*": {"id": "integer", "value": "string or null"}}
-- }

SELECT json_build_object(
    'product_id', CAST(requested.product_id AS text),
    'ratings', (
        SELECT COALESCE(
            json_object_agg(counted.rating, CAST(counted.reviews AS text) ORDER BY counted.rating),
            '{}'
        )
        FROM (
            SELECT rating, count(*) AS reviews
            FROM reviews
            WHERE product_id = requested.product_id
            GROUP BY rating
        ) AS counted
    ),
    'recommended', (
        SELECT json_build_object(
            'false', CAST(count(*) FILTER (WHERE NOT recommend) AS text),
            'true', CAST(count(*) FILTER (WHERE recommend) AS text)
        )
        FROM reviews
        WHERE product_id = requested.product_id
    ),
    'characteristics', (
        SELECT COALESCE(
            json_object_agg(
                characteristic.name,
                json_build_object(
                    'id', characteristic.id,
                    'value', (
                        SELECT CAST(avg(rated.value) AS text)
                        FROM characteristic_reviews AS rated
                        WHERE rated.characteristic_id = characteristic.id
                    )
                )
                ORDER BY characteristic.id
            ),
            '{}'
        )
        FROM characteristics AS characteristic
        WHERE characteristic.product_id = requested.product_id
    )
) AS meta
FROM (SELECT CAST(:product_id AS integer) AS product_id) AS requested;
