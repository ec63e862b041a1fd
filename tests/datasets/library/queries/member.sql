-- One member's loans, the latest first.
-- param member_id: members.id
-- budget: 1s

SELECT loans.lent_on, loans.returned_on, books.title
FROM loans
JOIN books ON books.id = loans.book_id
WHERE loans.member_id = :member_id
ORDER BY loans.lent_on DESC;
