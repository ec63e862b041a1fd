-- The styles of one product, each with its photos and skus; no row when there
-- is no such product.
-- param product_id: products.id
-- route: GET /products/:product_id/styles
-- cache: 60s
-- no-row: 404
-- response: {
--   "product_id": "string",
--   "results": [{
--     "style_id": "integer", "name": "string", "original_price": "string",
--     "sale_price": "string", "default?": "integer",
--     "photos": [{"thumbnail_url": "string", "url": "string"}],
--     "skus": {"*": {"quantity": "integer", "size": "string"}}
--   }]
-- }

-- Photos and skus each come from a subquery of their own, because a join of
-- both would repeat every photo for every sku. Each table is asked for the
-- product by the parameter: so the statement goes to the product's node as it
-- is.
SELECT json_build_object(
    'product_id', CAST(product.id AS text),
    'results', (
        SELECT COALESCE(
            json_agg(
                json_build_object(
                    'style_id', style.id,
                    'name', style.name,
                    'original_price', CAST(style.original_price AS text),
                    'sale_price', COALESCE(CAST(style.sale_price AS text), '0'),
                    'default?', style.default_style,
                    'photos', (
                        SELECT COALESCE(
                            json_agg(
                                json_build_object(
                                    'thumbnail_url', photo.thumbnail_url,
                                    'url', photo.url
                                )
                                ORDER BY photo.id
                            ),
                            '[]'
                        )
                        FROM photos AS photo
                        WHERE photo.product_id = :product_id
                            AND photo.style_id = style.id
                    ),
                    'skus', (
                        SELECT COALESCE(
                            json_object_agg(
                                sku.id,
                                json_build_object(
                                    'quantity', sku.quantity,
                                    'size', sku.size
                                )
                                ORDER BY sku.id
                            ),
                            '{}'
                        )
                        FROM skus AS sku
                        WHERE sku.product_id = :product_id
                            AND sku.style_id = style.id
                    )
                )
                ORDER BY style.id
            ),
            '[]'
        )
        FROM styles AS style
        WHERE style.product_id = :product_id
    )
) AS styles
FROM products AS product
WHERE product.id = :product_id;
