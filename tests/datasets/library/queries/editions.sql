-- The later editions of a book.
-- param book_id: books.id
-- budget: 1s

SELECT id, title
FROM books
WHERE earlier_edition_id = :book_id
ORDER BY id;
