-- A marketplace with awkward data: few customers order much, few products sell much, cities depend on their country, the
-- status of an order on its age. Filled with `:n` orders; `psql -v n=100000 -f marketplace.sql`.
SELECT setseed(0.42);

CREATE TABLE countries (id smallint PRIMARY KEY, code char(2) NOT NULL UNIQUE, name text NOT NULL, currency char(3) NOT NULL);
CREATE TABLE cities (
    id int PRIMARY KEY,
    country_id smallint NOT NULL REFERENCES countries,
    name text NOT NULL,
    inhabitants int NOT NULL
);
CREATE TABLE customers (
    id bigint PRIMARY KEY,
    email text NOT NULL UNIQUE,
    full_name text NOT NULL,
    country_id smallint NOT NULL REFERENCES countries,
    city_id int NOT NULL REFERENCES cities,
    segment text NOT NULL,
    referred_by bigint REFERENCES customers,
    is_blocked boolean NOT NULL,
    signed_up_at timestamptz NOT NULL,
    born date
);
CREATE TABLE addresses (
    id bigint PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers,
    city_id int NOT NULL REFERENCES cities,
    street text NOT NULL,
    note text
);
CREATE TABLE sellers (
    id int PRIMARY KEY,
    country_id smallint NOT NULL REFERENCES countries,
    name text NOT NULL,
    rating numeric(3, 2),
    joined_on date NOT NULL
);
CREATE TABLE categories (id int PRIMARY KEY, parent_id int REFERENCES categories, name text NOT NULL, depth smallint NOT NULL);
CREATE TABLE products (
    id bigint PRIMARY KEY,
    seller_id int NOT NULL REFERENCES sellers,
    category_id int NOT NULL REFERENCES categories,
    title text NOT NULL,
    price numeric(10, 2) NOT NULL,
    status text NOT NULL,
    weight int,
    listed_at timestamptz NOT NULL
);
CREATE TABLE tags (id int PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE product_tags (
    product_id bigint NOT NULL REFERENCES products,
    tag_id int NOT NULL REFERENCES tags,
    PRIMARY KEY (product_id, tag_id)
);
CREATE TABLE warehouses (id smallint PRIMARY KEY, city_id int NOT NULL REFERENCES cities, code text NOT NULL);
CREATE TABLE stock (
    product_id bigint NOT NULL REFERENCES products,
    warehouse_id smallint NOT NULL REFERENCES warehouses,
    quantity int NOT NULL,
    counted_on date,
    PRIMARY KEY (product_id, warehouse_id)
);
CREATE TABLE coupons (id int PRIMARY KEY, code text NOT NULL UNIQUE, percent smallint NOT NULL, ends_on date);
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers,
    coupon_id int REFERENCES coupons,
    status text NOT NULL,
    channel text NOT NULL,
    currency char(3) NOT NULL,
    total numeric(12, 2) NOT NULL,
    placed_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE TABLE order_lines (
    id bigint PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders,
    product_id bigint NOT NULL REFERENCES products,
    quantity smallint NOT NULL,
    price numeric(10, 2) NOT NULL,
    gift_note text
);
CREATE TABLE payments (
    id bigint PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders,
    method text NOT NULL,
    amount numeric(12, 2) NOT NULL,
    paid_at timestamptz,
    reference uuid NOT NULL
);
CREATE TABLE shipments (
    id bigint PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders,
    warehouse_id smallint NOT NULL REFERENCES warehouses,
    carrier text NOT NULL,
    shipped_at timestamptz NOT NULL
);
CREATE TABLE shipment_events (
    id bigint PRIMARY KEY,
    shipment_id bigint NOT NULL REFERENCES shipments,
    kind text NOT NULL,
    at timestamptz NOT NULL
);
CREATE TABLE returns (
    id bigint PRIMARY KEY,
    order_line_id bigint NOT NULL REFERENCES order_lines,
    reason text NOT NULL,
    accepted boolean
);
CREATE TABLE reviews (
    id bigint PRIMARY KEY,
    product_id bigint NOT NULL REFERENCES products,
    customer_id bigint NOT NULL REFERENCES customers,
    stars smallint NOT NULL,
    body text,
    written_at timestamptz NOT NULL
);
CREATE TABLE page_views (
    id bigint PRIMARY KEY,
    product_id bigint NOT NULL REFERENCES products,
    customer_id bigint REFERENCES customers,
    session uuid NOT NULL,
    referrer text,
    milliseconds int NOT NULL,
    seen_at timestamptz NOT NULL
);

INSERT INTO countries
SELECT i, chr(65 + i / 26) || chr(65 + i % 26), 'Country ' || i, (ARRAY['EUR', 'USD', 'GBP', 'SEK'])[1 + (i * i) % 4]
FROM generate_series(1, 40) AS i;
-- A city belongs to one country, and the first countries have most of them.
INSERT INTO cities SELECT i, 1 + floor(40 * power(random(), 3)), 'City ' || md5(i::text), 5000 + 2e6 * power(random(), 6)
FROM generate_series(1, 1500) AS i;
INSERT INTO customers
SELECT i, 'customer' || i || '@example.com', initcap(substr(md5(i::text), 1, 5 + (i % 7)::int)) || ' ' || substr(md5((i % 900)::text), 1, 8),
    cities.country_id, cities.id,
    CASE WHEN r < 0.8 THEN 'private' WHEN r < 0.95 THEN 'business' WHEN r < 0.995 THEN 'reseller' ELSE 'staff' END,
    CASE WHEN i > 100 AND random() < 0.2 THEN 1 + floor((i - 1) * power(random(), 2)) END,
    random() < 0.01, timestamptz '2019-01-01' + i * interval '5 years' / (:n / 5) + random() * interval '2 days',
    CASE WHEN random() < 0.6 THEN date '1950-01-01' + (20000 * random())::int END
FROM (SELECT i, random() AS r, 1 + floor(1500 * power(random(), 2.5))::int AS city FROM generate_series(1, :n / 5) AS i) AS drawn
JOIN cities ON cities.id = city
ORDER BY i;
INSERT INTO addresses
SELECT row_number() OVER (), c.id, CASE WHEN random() < 0.9 THEN c.city_id ELSE 1 + floor(1500 * random()) END,
    (1 + i * 7 % 200) || ' Street ' || (c.id % 3000), CASE WHEN random() < 0.05 THEN repeat('ring twice ', 1 + (c.id % 4)::int) END
FROM customers AS c, generate_series(1, 1 + (c.id % 3 = 0)::int) AS i;
INSERT INTO sellers SELECT i, 1 + floor(40 * power(random(), 2)), 'Seller ' || md5(i::text),
    CASE WHEN random() < 0.7 THEN round((5 - 4 * power(random(), 2))::numeric, 2) END, date '2018-01-01' + (i * 2000 / 400)
FROM generate_series(1, 400) AS i;
INSERT INTO categories SELECT i, CASE WHEN i > 12 THEN 1 + (i * 7) % (i / 4) END, 'Category ' || i, CASE WHEN i <= 12 THEN 0 ELSE 1 + i / 60 END
FROM generate_series(1, 180) AS i;
INSERT INTO products
SELECT i, 1 + floor(400 * power(random(), 3)), 1 + floor(180 * power(random(), 2)), 'Product ' || md5((i * 3)::text),
    round(exp(1 + 5 * random())::numeric, 2), CASE WHEN r < 0.85 THEN 'listed' WHEN r < 0.97 THEN 'sold out' ELSE 'hidden' END,
    CASE WHEN random() < 0.5 THEN 50 * (1 + floor(40 * power(random(), 2))) END, timestamptz '2019-01-01' + i * interval '5 years' / (:n / 10)
FROM (SELECT i, random() AS r FROM generate_series(1, :n / 10) AS i) AS drawn;
INSERT INTO tags SELECT i, 'tag-' || i FROM generate_series(1, 150) AS i;
INSERT INTO product_tags SELECT DISTINCT p.id, 1 + floor(150 * power(random(), 3))::int FROM products AS p, generate_series(1, 3) ORDER BY 1, 2;
INSERT INTO warehouses SELECT i, 1 + (i * 53) % 1500, 'W' || i FROM generate_series(1, 12) AS i;
INSERT INTO stock SELECT p.id, w, CASE WHEN random() < 0.3 THEN 0 ELSE floor(500 * power(random(), 3)) END,
    CASE WHEN random() < 0.8 THEN date '2024-01-01' - (100 * power(random(), 2))::int END
FROM products AS p, generate_series(1, 12) AS w WHERE (p.id * 31 + w * 17) % 5 = 0;
INSERT INTO coupons SELECT i, 'SAVE' || upper(md5(i::text)), (ARRAY[5, 10, 10, 20, 50])[1 + i % 5], CASE WHEN i % 4 > 0 THEN date '2020-01-01' + i * 5 END
FROM generate_series(1, 300) AS i;
-- A customer of the first tenth orders far more often; new orders are open, old ones closed.
INSERT INTO orders
SELECT i, c.id, CASE WHEN random() < 0.08 THEN 1 + floor(300 * power(random(), 2)) END,
    CASE WHEN i > :n * 0.97 THEN CASE WHEN r < 0.6 THEN 'new' ELSE 'paid' END
        WHEN r < 0.04 THEN 'cancelled' WHEN r < 0.06 THEN 'returned' WHEN r < 0.065 THEN 'disputed' ELSE 'delivered' END,
    CASE WHEN c.segment = 'private' THEN CASE WHEN r < 0.7 THEN 'app' ELSE 'web' END WHEN c.segment = 'business' THEN 'web' ELSE 'phone' END,
    countries.currency, round(exp(2 + 5 * random())::numeric, 2), at,
    CASE WHEN i <= :n * 0.97 THEN at + random() * interval '20 days' END
FROM (
    SELECT i, random() AS r, 1 + floor(:n / 5 * power(random(), 4))::bigint AS customer,
        timestamptz '2020-01-01' + i * interval '4 years' / :n + random() * interval '3 hours' AS at
    FROM generate_series(1, :n) AS i
) AS drawn
JOIN customers AS c ON c.id = customer
JOIN countries ON countries.id = c.country_id
ORDER BY i;
INSERT INTO order_lines
SELECT row_number() OVER (ORDER BY orders.id), orders.id, p.id, 1 + floor(6 * power(random(), 4)), p.price,
    CASE WHEN random() < 0.02 THEN 'For ' || md5(random()::text) END
FROM (
    SELECT o.id, 1 + floor(:n / 10 * power(random(), 3))::bigint AS product
    FROM orders AS o, generate_series(1, CASE WHEN o.id % 50 = 0 THEN 12 ELSE 1 + (o.id * 7 % 3)::int END)
) AS orders
JOIN products AS p ON p.id = product;
INSERT INTO payments
SELECT row_number() OVER (ORDER BY o.id), o.id, CASE WHEN r < 0.55 THEN 'card' WHEN r < 0.85 THEN 'wallet' WHEN r < 0.98 THEN 'invoice' ELSE 'cash' END,
    o.total, CASE WHEN o.status NOT IN ('new', 'cancelled') THEN o.placed_at + random() * interval '1 hour' END, gen_random_uuid()
FROM (SELECT orders.*, random() AS r FROM orders) AS o WHERE o.id % 10 > 0;
INSERT INTO shipments
SELECT row_number() OVER (ORDER BY o.id), o.id, 1 + floor(12 * power(random(), 2)), (ARRAY['north', 'south', 'post', 'post', 'post', 'bike'])[1 + floor(6 * random())::int],
    o.placed_at + interval '1 day' + random() * interval '3 days'
FROM orders AS o WHERE o.status IN ('delivered', 'returned', 'disputed');
INSERT INTO shipment_events
SELECT row_number() OVER (ORDER BY s.id), s.id, (ARRAY['packed', 'sent', 'delivered', 'delayed'])[k], s.shipped_at + k * interval '9 hours'
FROM shipments AS s, generate_series(1, 3 + (s.id % 13 = 0)::int) AS k;
INSERT INTO returns
SELECT row_number() OVER (ORDER BY l.id), l.id, (ARRAY['too small', 'too small', 'too small', 'broken', 'late', 'other'])[1 + floor(6 * random())::int],
    CASE WHEN random() < 0.9 THEN random() < 0.95 END
FROM order_lines AS l WHERE l.id % 37 = 0;
INSERT INTO reviews
SELECT i, 1 + floor(:n / 10 * power(random(), 4)), 1 + floor(:n / 5 * power(random(), 3)), 5 - floor(5 * power(random(), 3)),
    CASE WHEN random() < 0.4 THEN repeat(md5(i::text) || ' ', 1 + floor(12 * power(random(), 3))::int) END,
    timestamptz '2020-01-01' + i * interval '4 years' / (:n / 2) + random() * interval '30 days'
FROM generate_series(1, :n / 2) AS i;
INSERT INTO page_views
SELECT i, 1 + floor(:n / 10 * power(random(), 3)), CASE WHEN random() < 0.15 THEN 1 + floor(:n / 5 * power(random(), 3)) END, md5((i / 5)::text)::uuid,
    CASE WHEN random() < 0.12 THEN 'https://search.example.com/' || floor(100 * power(random(), 3)) END, exp(3 + 5 * random()),
    timestamptz '2023-06-01' + i * interval '6 months' / (:n * 2)
FROM generate_series(1, :n * 2) AS i;

CREATE INDEX ON cities (country_id);
CREATE INDEX ON customers (country_id, city_id);
CREATE INDEX ON customers (city_id);
CREATE INDEX ON customers (referred_by);
CREATE INDEX ON customers (signed_up_at);
CREATE INDEX ON addresses (customer_id);
CREATE INDEX ON addresses (city_id);
CREATE INDEX ON sellers (country_id);
CREATE INDEX ON categories (parent_id);
CREATE INDEX ON products (seller_id);
CREATE INDEX ON products (category_id, price);
CREATE INDEX ON products (status);
CREATE INDEX ON product_tags (tag_id);
CREATE INDEX ON stock (warehouse_id);
CREATE INDEX ON orders (customer_id, placed_at);
CREATE INDEX ON orders (coupon_id);
CREATE INDEX ON orders (status);
CREATE INDEX ON orders (placed_at);
CREATE INDEX ON order_lines (order_id);
CREATE INDEX ON order_lines (product_id);
CREATE INDEX ON payments (order_id);
CREATE INDEX ON payments (paid_at);
CREATE INDEX ON shipments (order_id);
CREATE INDEX ON shipments (warehouse_id, shipped_at);
CREATE INDEX ON shipment_events (shipment_id);
CREATE INDEX ON returns (order_line_id);
CREATE INDEX ON reviews (product_id, written_at);
CREATE INDEX ON reviews (customer_id);
CREATE INDEX ON page_views (product_id);
CREATE INDEX ON page_views (customer_id);
CREATE INDEX ON page_views (seen_at);
CREATE STATISTICS orders_status_channel (dependencies, ndistinct, mcv) ON status, channel FROM orders;
CREATE STATISTICS customers_country_city (dependencies, ndistinct) ON country_id, city_id FROM customers;
