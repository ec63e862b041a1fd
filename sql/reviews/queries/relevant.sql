-- A page of one product's reviews, the most relevant first: by helpful votes,
-- less one for every thirty days of age, each with its photos; reported ones
-- are left out. Pages in the result count from 0.
-- param product_id: reviews.product_id
-- param page: int = 1, min 1
-- param count: int = 5, min 1, max 1000
-- route: GET /reviews?sort=relevant
-- cache: 60s
-- response: {
--   "product": "string", "page": "integer", "count": "integer",
--   "results": [{
--     "review_id": "integer", "rating": "integer", "summary": "string", "recommend": "boolean",
--     "response": "string or null", "body": "string", "date": "date-time or null",
--     "reviewer_name": "string", "helpfulness": "integer",
--     "photos": [{"id": "integer", "url": "string"}]
--   }]
-- }

SELECT json_build_object(
    'product', CAST(requested.product_id AS text),
    'page', requested.page - 1,
    'count', requested.count,
    'results', (
        SELECT COALESCE(
            json_agg(
                json_build_object(
                    'review_id', review.id,
                    'rating', review.rating,
                    'summary', review.summary,
                    'recommend', review.recommend,
                    'response', review.response,
                    'body', review.body,
                    'date', (to_json(review.date AT TIME ZONE 'UTC') #>> '{}') || 'Z',
                    'reviewer_name', review.reviewer_name,
                    'helpfulness', review.helpfulness,
                    'photos', (
                        SELECT COALESCE(
                            json_agg(
                                json_build_object('id', photo.id, 'url', photo.url)
                                ORDER BY photo.id
                            ),
                            '[]'
                        )
                        FROM reviews_photos AS photo
                        WHERE photo.review_id = review.id
                    )
                )
                ORDER BY review.score DESC, review.id DESC
            ),
            '[]'
        )
        FROM (
            SELECT *,
                helpfulness - COALESCE(extract(day FROM max(date) OVER () - date) / 30, 0) AS score
            FROM reviews
            WHERE product_id = requested.product_id AND NOT reported
            ORDER BY score DESC, id DESC
            LIMIT requested.count
            OFFSET (requested.page - 1) * requested.count
        ) AS review
    )
) AS reviews
FROM (
    SELECT
        CAST(:product_id AS integer) AS product_id,
        CAST(:page AS bigint) AS page,
        CAST(:count AS integer) AS count
) AS requested;
