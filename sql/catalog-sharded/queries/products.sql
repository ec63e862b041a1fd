-- One page of the list of products, after the last id of the page before it.
-- param after_id: products.id, page of count
-- param count: int = 5, min 1, max 100
-- tasks: all
-- budget: 100ms
-- route: GET /products
-- cache: 60s
-- response: [{
--   "id": "integer", "name": "string", "slogan": "string", "description": "string",
--   "category": "string", "default_price": "string"
-- }]

-- Paging by key reads `count` rows however far the page is; OFFSET would read
-- and discard every row before it.
SELECT COALESCE(
    json_agg(
        json_build_object(
            'id', page.id,
            'name', page.name,
            'slogan', page.slogan,
            'description', page.description,
            'category', page.category,
            'default_price', CAST(page.default_price AS text)
        )
        ORDER BY page.id
    ),
    '[]'
) AS products
FROM (
    SELECT *
    FROM products
    WHERE id > :after_id
    ORDER BY id
    LIMIT :count
) AS page;
