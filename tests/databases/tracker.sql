-- An issue tracker for many tenants with awkward data: one tenant has a third of everything, a tenant follows from its
-- project, what is open has no end, few issues have most comments. Filled with `:n` issues; `psql -v n=60000 -f tracker.sql`.
SELECT setseed(0.17);

CREATE TYPE issue_state AS ENUM ('open', 'started', 'blocked', 'done', 'declined');
CREATE TABLE plans (id smallint PRIMARY KEY, name text NOT NULL, seats int, monthly numeric(8, 2) NOT NULL);
CREATE TABLE tenants (
    id int PRIMARY KEY,
    plan_id smallint NOT NULL REFERENCES plans,
    slug text NOT NULL UNIQUE,
    region text NOT NULL,
    created_at timestamptz NOT NULL,
    cancelled_at timestamptz
);
CREATE TABLE users (
    id int PRIMARY KEY,
    tenant_id int NOT NULL REFERENCES tenants,
    login text NOT NULL UNIQUE,
    time_zone text,
    is_admin boolean NOT NULL,
    seen_at timestamptz
);
CREATE TABLE teams (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants, name text NOT NULL);
CREATE TABLE team_members (
    team_id int NOT NULL REFERENCES teams,
    user_id int NOT NULL REFERENCES users,
    role text NOT NULL,
    PRIMARY KEY (team_id, user_id)
);
CREATE TABLE projects (
    id int PRIMARY KEY,
    tenant_id int NOT NULL REFERENCES tenants,
    team_id int REFERENCES teams,
    key text NOT NULL,
    is_archived boolean NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE sprints (id int PRIMARY KEY, project_id int NOT NULL REFERENCES projects, starts_on date NOT NULL, ends_on date NOT NULL, goal text);
CREATE TABLE labels (id int PRIMARY KEY, project_id int NOT NULL REFERENCES projects, name text NOT NULL, colour char(6) NOT NULL);
CREATE TABLE issues (
    id bigint PRIMARY KEY,
    tenant_id int NOT NULL REFERENCES tenants,
    project_id int NOT NULL REFERENCES projects,
    sprint_id int REFERENCES sprints,
    parent_id bigint REFERENCES issues,
    author_id int NOT NULL REFERENCES users,
    assignee_id int REFERENCES users,
    state issue_state NOT NULL,
    priority smallint NOT NULL,
    points smallint,
    title text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE TABLE issue_labels (
    issue_id bigint NOT NULL REFERENCES issues,
    label_id int NOT NULL REFERENCES labels,
    PRIMARY KEY (issue_id, label_id)
);
CREATE TABLE comments (
    id bigint PRIMARY KEY,
    issue_id bigint NOT NULL REFERENCES issues,
    author_id int NOT NULL REFERENCES users,
    body text NOT NULL,
    edited_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE TABLE attachments (
    id bigint PRIMARY KEY,
    comment_id bigint NOT NULL REFERENCES comments,
    media_type text NOT NULL,
    bytes bigint NOT NULL,
    checksum bytea NOT NULL
);
CREATE TABLE worklogs (
    id bigint PRIMARY KEY,
    issue_id bigint NOT NULL REFERENCES issues,
    user_id int NOT NULL REFERENCES users,
    minutes int NOT NULL,
    day date NOT NULL
);
CREATE TABLE events (
    id bigint PRIMARY KEY,
    tenant_id int NOT NULL REFERENCES tenants,
    issue_id bigint REFERENCES issues,
    user_id int REFERENCES users,
    kind text NOT NULL,
    at timestamptz NOT NULL
);
CREATE TABLE webhooks (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants, url text NOT NULL, is_active boolean NOT NULL);
CREATE TABLE deliveries (
    id bigint PRIMARY KEY,
    webhook_id int NOT NULL REFERENCES webhooks,
    event_id bigint NOT NULL REFERENCES events,
    status smallint NOT NULL,
    attempts smallint NOT NULL,
    at timestamptz NOT NULL
);
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id int NOT NULL REFERENCES users,
    address inet NOT NULL,
    agent text,
    expires_at timestamptz NOT NULL
);
CREATE TABLE invoices (
    id int PRIMARY KEY,
    tenant_id int NOT NULL REFERENCES tenants,
    month date NOT NULL,
    total numeric(10, 2) NOT NULL,
    paid_on date
);
CREATE TABLE invoice_lines (
    id bigint PRIMARY KEY,
    invoice_id int NOT NULL REFERENCES invoices,
    plan_id smallint NOT NULL REFERENCES plans,
    amount numeric(10, 2) NOT NULL
);
CREATE TABLE notifications (
    id bigint PRIMARY KEY,
    user_id int NOT NULL REFERENCES users,
    event_id bigint NOT NULL REFERENCES events,
    read_at timestamptz
);

INSERT INTO plans VALUES (1, 'free', 5, 0), (2, 'team', 50, 20), (3, 'business', 500, 150), (4, 'enterprise', NULL, 2000);
INSERT INTO tenants
SELECT i, CASE WHEN i <= 3 THEN 4 WHEN r < 0.75 THEN 1 WHEN r < 0.95 THEN 2 ELSE 3 END, 'tenant-' || md5(i::text),
    CASE WHEN i % 10 < 6 THEN 'eu' WHEN i % 10 < 9 THEN 'us' ELSE 'ap' END, timestamptz '2018-01-01' + i * interval '3 days',
    CASE WHEN i > 5 AND r > 0.93 THEN timestamptz '2024-01-01' - random() * interval '300 days' END
FROM (SELECT i, random() AS r FROM generate_series(1, 500) AS i) AS drawn;
-- The first tenant has a third of the users, and so of all that they make.
INSERT INTO users
SELECT i, CASE WHEN r < 0.33 THEN 1 ELSE 2 + floor(499 * power(random(), 2)) END, 'user' || i,
    CASE WHEN r2 < 0.7 THEN (ARRAY['Europe/Berlin', 'Europe/Paris', 'America/New_York', 'Asia/Tokyo'])[1 + floor(4 * power(random(), 2))::int] END,
    random() < 0.04, CASE WHEN r2 < 0.9 THEN timestamptz '2024-01-01' - power(random(), 5) * interval '500 days' END
FROM (SELECT i, random() AS r, random() AS r2 FROM generate_series(1, :n / 10) AS i) AS drawn;
INSERT INTO teams SELECT i, CASE WHEN i % 3 = 0 THEN 1 ELSE 2 + (i * 7) % 499 END, 'Team ' || i FROM generate_series(1, 1200) AS i;
INSERT INTO team_members
SELECT DISTINCT ON (t.id, u.id) t.id, u.id, CASE WHEN random() < 0.9 THEN 'member' ELSE 'lead' END
FROM teams AS t JOIN users AS u ON u.tenant_id = t.tenant_id AND (u.id * 13 + t.id) % 40 < 3;
INSERT INTO projects
SELECT i, t.tenant_id, CASE WHEN random() < 0.8 THEN t.id END, 'P' || i, random() < 0.2, timestamptz '2019-01-01' + i * interval '1 day'
FROM generate_series(1, 1500) AS i JOIN teams AS t ON t.id = 1 + (i * 11) % 1200;
INSERT INTO sprints SELECT row_number() OVER (), p.id, d, d + 13, CASE WHEN random() < 0.3 THEN 'Goal ' || md5(random()::text) END
FROM projects AS p, generate_series(0, CASE WHEN p.is_archived THEN 1 ELSE (p.id % 9) END) AS k, LATERAL (SELECT date '2023-01-01' + 14 * k AS d) AS days;
INSERT INTO labels SELECT row_number() OVER (), p.id, (ARRAY['bug', 'feature', 'chore', 'docs', 'urgent'])[k], substr(md5(k::text), 1, 6)
FROM projects AS p, generate_series(1, 2 + p.id % 4) AS k;
-- A tenant follows from the project; what isn't done has no end.
INSERT INTO issues
SELECT i, p.tenant_id, p.id, CASE WHEN r < 0.4 THEN 1 + floor(5000 * random()) END,
    CASE WHEN i > 1000 AND r < 0.15 THEN i - 1 - floor(900 * power(random(), 2)) END,
    1 + floor(:n / 10 * power(random(), 2)), CASE WHEN r > 0.3 THEN 1 + floor(:n / 10 * power(random(), 3)) END,
    s.state, CASE WHEN r2 < 0.7 THEN 3 WHEN r2 < 0.9 THEN 2 WHEN r2 < 0.98 THEN 1 ELSE 0 END,
    CASE WHEN r < 0.4 THEN (ARRAY[1, 2, 3, 5, 8, 13])[1 + floor(6 * power(random(), 2))::int] END,
    'Issue ' || repeat(md5(i::text) || ' ', 1 + (i % 3)::int), at, at + power(random(), 4) * (timestamptz '2024-01-01' - at),
    CASE WHEN s.state IN ('done', 'declined') THEN at + power(random(), 3) * (timestamptz '2024-01-02' - at) END
FROM (
    SELECT i, random() AS r, random() AS r2, 1 + floor(1500 * power(random(), 2))::int AS project,
        timestamptz '2021-01-01' + i * interval '3 years' / :n AS at
    FROM generate_series(1, :n) AS i
) AS drawn
JOIN projects AS p ON p.id = project,
LATERAL (SELECT (CASE WHEN i < :n * 0.9 THEN CASE WHEN r2 < 0.85 THEN 'done' WHEN r2 < 0.95 THEN 'declined' ELSE 'open' END
    ELSE CASE WHEN r2 < 0.5 THEN 'open' WHEN r2 < 0.7 THEN 'started' WHEN r2 < 0.75 THEN 'blocked' ELSE 'done' END END)::issue_state AS state) AS s
WHERE (SELECT max(id) FROM sprints) >= 5000
ORDER BY i;
INSERT INTO issue_labels SELECT DISTINCT i.id, l.id FROM issues AS i JOIN labels AS l ON l.project_id = i.project_id WHERE (i.id + l.id) % 4 = 0;
INSERT INTO comments
SELECT row_number() OVER (ORDER BY i.id), i.id, 1 + floor(:n / 10 * power(random(), 2)), repeat(md5(random()::text) || ' ', 1 + floor(10 * power(random(), 4))::int),
    CASE WHEN random() < 0.06 THEN i.created_at + random() * interval '90 days' END, i.created_at + k * interval '5 hours'
FROM issues AS i, generate_series(1, CASE WHEN i.id % 200 = 0 THEN 80 WHEN i.id % 3 = 0 THEN 0 ELSE 1 + (i.id % 4)::int END) AS k;
INSERT INTO attachments SELECT row_number() OVER (ORDER BY c.id), c.id, (ARRAY['image/png', 'image/png', 'image/jpeg', 'application/pdf', 'text/plain'])[1 + floor(5 * random())::int],
    exp(6 + 10 * random()), decode(md5(c.id::text), 'hex')
FROM comments AS c WHERE c.id % 9 = 0;
INSERT INTO worklogs SELECT row_number() OVER (ORDER BY i.id), i.id, 1 + floor(:n / 10 * power(random(), 3)), 15 * (1 + floor(32 * power(random(), 3))), (i.created_at + k * interval '1 day')::date
FROM issues AS i, generate_series(1, (i.id % 3)::int) AS k WHERE i.points IS NOT NULL;
INSERT INTO events
SELECT row_number() OVER (ORDER BY i.id, k), i.tenant_id, CASE WHEN k < 4 THEN i.id END, CASE WHEN random() < 0.7 THEN i.author_id END,
    CASE WHEN k = 1 THEN 'issue.created' ELSE 'kind.' || floor(35 * power(random(), 3)) END, i.created_at + k * interval '10 minutes'
FROM issues AS i, generate_series(1, 4) AS k;
INSERT INTO webhooks SELECT i, 1 + floor(500 * power(random(), 3)), 'https://hooks.example.com/' || md5(i::text), random() < 0.8 FROM generate_series(1, 300) AS i;
INSERT INTO deliveries SELECT row_number() OVER (ORDER BY e.id), 1 + floor(300 * power(random(), 3)), e.id, CASE WHEN r < 0.97 THEN 200 WHEN r < 0.99 THEN 500 ELSE 404 END,
    CASE WHEN r < 0.97 THEN 1 ELSE 5 END, e.at + interval '2 seconds'
FROM (SELECT events.*, random() AS r FROM events) AS e WHERE e.id % 3 = 0;
INSERT INTO sessions SELECT md5(i::text)::uuid, 1 + floor(:n / 10 * power(random(), 2)), ('10.' || i % 30 || '.' || (i * 7) % 256 || '.' || (i * 13) % 256)::inet,
    CASE WHEN random() < 0.95 THEN 'Browser ' || floor(40 * power(random(), 3)) END, timestamptz '2024-01-01' + i * interval '1 minute'
FROM generate_series(1, :n / 3) AS i;
INSERT INTO invoices SELECT row_number() OVER (ORDER BY m, t.id), t.id, m, p.monthly * (1 + t.id % 3), CASE WHEN m < '2023-12-01' AND random() < 0.97 THEN (m + interval '20 days')::date END
FROM tenants AS t JOIN plans AS p ON p.id = t.plan_id, generate_series(date '2022-01-03', date '2023-12-03', interval '1 month') AS m WHERE p.monthly > 0;
INSERT INTO invoice_lines SELECT row_number() OVER (ORDER BY i.id), i.id, t.plan_id, i.total / 2 FROM invoices AS i JOIN tenants AS t ON t.id = i.tenant_id, generate_series(1, 2);
INSERT INTO notifications SELECT row_number() OVER (ORDER BY e.id), 1 + floor(:n / 10 * power(random(), 2)), e.id, CASE WHEN random() < 0.3 THEN e.at + random() * interval '5 days' END
FROM events AS e, generate_series(1, (e.id % 2)::int) AS k;

CREATE INDEX ON tenants (plan_id);
CREATE INDEX ON users (tenant_id);
CREATE INDEX ON teams (tenant_id);
CREATE INDEX ON team_members (user_id);
CREATE INDEX ON projects (tenant_id);
CREATE INDEX ON projects (team_id);
CREATE INDEX ON sprints (project_id);
CREATE INDEX ON labels (project_id);
CREATE INDEX ON issues (tenant_id, created_at);
CREATE INDEX ON issues (project_id, state);
CREATE INDEX ON issues (sprint_id);
CREATE INDEX ON issues (parent_id);
CREATE INDEX ON issues (author_id);
CREATE INDEX ON issues (assignee_id) WHERE closed_at IS NULL;
CREATE INDEX ON issues (assignee_id);
CREATE INDEX ON issues (updated_at);
CREATE INDEX ON issue_labels (label_id);
CREATE INDEX ON comments (issue_id);
CREATE INDEX ON comments (author_id);
CREATE INDEX ON attachments (comment_id);
CREATE INDEX ON worklogs (issue_id);
CREATE INDEX ON worklogs (user_id, day);
CREATE INDEX ON events (tenant_id, at);
CREATE INDEX ON events (issue_id);
CREATE INDEX ON events (user_id);
CREATE INDEX ON webhooks (tenant_id);
CREATE INDEX ON deliveries (webhook_id);
CREATE INDEX ON deliveries (event_id);
CREATE INDEX ON deliveries (status) WHERE status <> 200;
CREATE INDEX ON sessions (user_id);
CREATE INDEX ON invoices (tenant_id, month);
CREATE INDEX ON invoice_lines (invoice_id);
CREATE INDEX ON invoice_lines (plan_id);
CREATE INDEX ON notifications (user_id);
CREATE INDEX ON notifications (event_id);
CREATE STATISTICS issues_project_tenant (dependencies, ndistinct) ON project_id, tenant_id FROM issues;
CREATE STATISTICS issues_state_priority (mcv) ON state, priority FROM issues;
