-- Who has borrowed a book, by their e-mail addresses.
-- param book_id: books.id
-- budget: 1s

SELECT members.email, loans.lent_on
FROM loans
JOIN members ON members.id = loans.member_id
WHERE loans.book_id = :book_id
ORDER BY loans.lent_on, members.email;
