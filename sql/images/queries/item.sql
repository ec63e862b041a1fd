-- One item with its images, the main one first; no row when there is none.
-- param item_id: items.id
-- route: GET /items/:item_id
-- cache: 60s
-- no-row: 404
-- response: {
--   "item_id": "integer", "name": "string", "category": "string",
--   "images": [{"id": "integer", "side": "string", "url": "string", "thumbnail_url": "string"}]
-- }

SELECT json_build_object(
    'item_id', item.id,
    'name', item.name,
    'category', item.category,
    'images', (
        SELECT COALESCE(
            json_agg(
                json_build_object(
                    'id', image.id,
                    'side', image.side,
                    'url', image.url,
                    'thumbnail_url', image.thumbnail_url
                )
                ORDER BY image.main DESC, image.id
            ),
            '[]'
        )
        FROM images AS image
        WHERE image.item_id = item.id
    )
) AS item
FROM items AS item
WHERE item.id = CAST(:item_id AS integer);
