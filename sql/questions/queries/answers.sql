-- A page of one question's answers, the most helpful first, with their photos;
-- reported ones are left out. Pages in the result count from 0.
-- param question_id: questions.id, exists
-- param page: int = 1, min 1
-- param count: int = 5, min 1, max 1000
-- route: GET /qa/questions/:question_id/answers
-- cache: 60s
-- response: {
--   "question": "string", "page": "integer", "count": "integer",
--   "results": [{
--     "answer_id": "integer", "body": "string", "date": "date-time", "answerer_name": "string",
--     "helpfulness": "integer", "photos": [{"id": "integer", "url": "string"}]
--   }]
-- }

SELECT json_build_object(
    'question', CAST(requested.question_id AS text),
    'page', requested.page - 1,
    'count', requested.count,
    'results', (
        SELECT COALESCE(
            json_agg(
                json_build_object(
                    'answer_id', answer.id,
                    'body', answer.body,
                    'date', (to_json(answer.date_written AT TIME ZONE 'UTC') #>> '{}') || 'Z',
                    'answerer_name', answer.answerer_name,
                    'helpfulness', answer.helpful,
                    'photos', (
                        SELECT COALESCE(
                            json_agg(
                                json_build_object('id', photo.id, 'url', photo.url)
                                ORDER BY photo.id
                            ),
                            '[]'
                        )
                        FROM answers_photos AS photo
                        WHERE photo.answer_id = answer.id
                    )
                )
                ORDER BY answer.helpful DESC, answer.id
            ),
            '[]'
        )
        FROM (
            SELECT *
            FROM answers
            WHERE question_id = requested.question_id AND NOT reported
            ORDER BY helpful DESC, id
            LIMIT requested.count
            OFFSET (requested.page - 1) * requested.count
        ) AS answer
    )
) AS answers
FROM (
    SELECT
        CAST(:question_id AS integer) AS question_id,
        CAST(:page AS bigint) AS page,
        CAST(:count AS integer) AS count
) AS requested;
