-- A page of one product's questions, the most helpful first, with all their
-- answers and these with their photos; reported ones are left out.
-- param product_id: questions.product_id
-- param page: int = 1, min 1
-- param count: int = 5, min 1, max 1000
-- route: GET /qa/questions
-- cache: 60s
-- response: {
--   "product_id": "string",
--   "results": [{
--     "question_id": "integer", "question_body": "string", "question_date": "date-time",
--     "asker_name": "string", "question_helpfulness": "integer", "reported": "boolean",
--     "answers": {"*": {
--       "id": "integer", "body": "string", "date": "date-time", "answerer_name": "string",
--       "helpfulness": "integer", "photos": ["string"]
--     }}
--   }]
-- }

SELECT json_build_object(
    'product_id', CAST(requested.product_id AS text),
    'results', (
        SELECT COALESCE(
            json_agg(
                json_build_object(
                    'question_id', question.id,
                    'question_body', question.body,
                    'question_date', (to_json(question.date_written AT TIME ZONE 'UTC') #>> '{}') || 'Z',
                    'asker_name', question.asker_name,
                    'question_helpfulness', question.helpful,
                    'reported', question.reported,
                    'answers', (
                        SELECT COALESCE(
                            json_object_agg(
                                answer.id,
                                json_build_object(
                                    'id', answer.id,
                                    'body', answer.body,
                                    'date', (to_json(answer.date_written AT TIME ZONE 'UTC') #>> '{}') || 'Z',
                                    'answerer_name', answer.answerer_name,
                                    'helpfulness', answer.helpful,
                                    'photos', (
                                        SELECT COALESCE(json_agg(photo.url ORDER BY photo.id), '[]')
                                        FROM answers_photos AS photo
                                        WHERE photo.answer_id = answer.id
                                    )
                                )
                                ORDER BY answer.id
                            ),
                            '{}'
                        )
                        FROM answers AS answer
                        WHERE answer.question_id = question.id AND NOT answer.reported
                    )
                )
                ORDER BY question.helpful DESC, question.id
            ),
            '[]'
        )
        FROM (
            SELECT *
            FROM questions
            WHERE product_id = requested.product_id AND NOT reported
            ORDER BY helpful DESC, id
            LIMIT requested.count
            OFFSET (requested.page - 1) * requested.count
        ) AS question
    )
) AS questions
FROM (
    SELECT
        CAST(:product_id AS integer) AS product_id,
        CAST(:page AS bigint) AS page,
        CAST(:count AS integer) AS count
) AS requested;
