-- The ids of the products related to one product, in the order they were
-- given; an empty list when there are none.
-- param product_id: products.id, exists
-- route: GET /products/:product_id/related
-- cache: 60s
-- response: ["integer"]

SELECT COALESCE(
    json_agg(related.related_product_id ORDER BY related.id),
    '[]'
) AS related
FROM related
WHERE related.product_id = :product_id;
