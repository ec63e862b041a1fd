-- One product with its features; no row when there is no such product.
-- param product_id: products.id
-- route: GET /products/:product_id
-- cache: 60s
-- no-row: 404
-- response: {
--   "id": "integer", "name": "string", "slogan": "string", "description": "string",
--   "category": "string", "default_price": "string",
--   "features": [{"feature": "string", "value": "string or null"}]
-- }

-- Each table is asked for the product by the parameter, not by a comparison
-- with the row outside: so the statement goes to the product's node as it is.
SELECT json_build_object(
    'id', product.id,
    'name', product.name,
    'slogan', product.slogan,
    'description', product.description,
    'category', product.category,
    'default_price', CAST(product.default_price AS text),
    'features', (
        SELECT COALESCE(
            json_agg(
                json_build_object(
                    'feature', feature.feature,
                    'value', feature.value
                )
                ORDER BY feature.id
            ),
            '[]'
        )
        FROM features AS feature
        WHERE feature.product_id = :product_id
    )
) AS product
FROM products AS product
WHERE product.id = :product_id;
