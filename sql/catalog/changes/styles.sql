-- One sku of one product in or out of stock.
-- param product_id: products.id

UPDATE skus
SET quantity = quantity + 1
WHERE id = (
    SELECT min(sku.id)
    FROM skus AS sku
    JOIN styles AS style ON style.id = sku.style_id
    WHERE style.product_id = :product_id
);
