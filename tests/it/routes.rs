//! Queries with routes as an API, without a server: which requests become which values, which are refused, and how the API
//! describes itself.

use seedrow::copy::{DataType, Scalar, TypeKind};
use seedrow::queries::{ParameterType, ParameterValue, Query, QueryFile};
use seedrow::serve::api::{Api, Call, OutputColumn, RoutedQuery};
use serde_json::{Value, json};

/// A query file and the types of its parameters.
fn routed(name: &str, text: &str, types: &[ParameterType]) -> RoutedQuery {
    let file = QueryFile {
        name: name.to_owned(),
        path: format!("queries/{name}.sql"),
        text: text.to_owned(),
    };
    RoutedQuery {
        query: Query::parse(&file).unwrap(),
        types: types.to_vec(),
        columns: Vec::new(),
    }
}

/// A query that selects its parameters, which are of these types.
fn selecting(name: &str, header: &str, types: &[ParameterType]) -> RoutedQuery {
    let declared = header
        .lines()
        .filter_map(|line| line.strip_prefix("-- param "));
    let names = declared.filter_map(|line| line.split_once(':'));
    let names: Vec<String> = names.map(|(name, _)| format!(":{name}")).collect();
    let text = format!("{header}\nSELECT {}", names.join(", "));
    routed(name, &text, types)
}

fn int() -> ParameterType {
    Scalar::Int4.into()
}

fn text() -> ParameterType {
    Scalar::Text.into()
}

/// Products, their styles, and reviews in two orders.
fn shop() -> Api {
    Api::new(vec![
        selecting(
            "products",
            "-- param after_id: products.id, page of count\n-- param count: int = 5, min 1, max 100\n-- route: GET /products",
            &[int(), int()],
        ),
        selecting("product", "-- param id: products.id\n-- route: GET /products/:id", &[int()]),
        selecting("best", "-- route: GET /products/best\n", &[]),
        selecting(
            "newest",
            "-- param product_id: reviews.product_id\n-- param count: int = 5\n-- route: GET /reviews?sort=newest, default",
            &[int(), int()],
        ),
        selecting(
            "helpful",
            "-- param product_id: reviews.product_id\n-- param count: int = 5\n-- route: GET /reviews?sort=helpful",
            &[int(), int()],
        ),
        selecting("shop", "-- param name: shops.name\n-- route: GET /shops/:name", &[text()]),
    ])
    .unwrap()
}

fn find(api: &Api, target: &str) -> Result<Call, (u16, Value)> {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    api.find(path, query).map_err(|refusal| {
        (
            refusal.status,
            serde_json::from_slice(&refusal.body).unwrap(),
        )
    })
}

#[test]
fn requests_for_the_same_answer_have_one_key() {
    let api = shop();
    #[rustfmt::skip]
    let cases = [
        ("/products/7", "/products/7"),
        ("/products/7/", "/products/7"),
        ("/products/-007?x=1&%zz", "/products/-7"),
        ("/products/%37", "/products/7"),
        ("/products/best", "/products/best"),
        ("/products", "/products?page=1&count=5"),
        ("/products?", "/products?page=1&count=5"),
        ("/products?count=20&page=03", "/products?page=3&count=20"),
        ("/products?after_id=9", "/products?after_id=9&count=5"),
        ("/reviews?product_id=2", "/reviews?sort=newest&product_id=2&count=5"),
        ("/reviews?count=1&sort=helpful&product_id=2", "/reviews?sort=helpful&product_id=2&count=1"),
        ("/reviews?product%5Fid=2&sort=newest", "/reviews?sort=newest&product_id=2&count=5"),
        ("/shops/a%2fb%20c", "/shops/a%2Fb%20c"),
        ("/shops/a+b", "/shops/a%2Bb"),
        ("/shops/1;DROP%20TABLE", "/shops/1%3BDROP%20TABLE"),
    ];
    for (target, key) in cases {
        let call = find(&api, target).unwrap_or_else(|error| panic!("{target}: {error:?}"));
        assert_eq!(call.key, key, "{target}");
        assert_eq!(find(&api, key).unwrap().key, key, "a key leads to itself");
    }
}

#[test]
fn the_number_of_a_page_says_how_many_rows_come_before() {
    let api = shop();
    let page = |target: &str| find(&api, target).unwrap().page.map(|page| page.offset);
    assert_eq!(page("/products"), Some(0));
    assert_eq!(page("/products?page=200000"), Some(999_995));
    assert_eq!(
        page("/products?page=9223372036854775807&count=100"),
        Some(i64::MAX)
    );
    assert_eq!(page("/products?after_id=5"), None);
    assert_eq!(page("/products/5"), None);
}

#[test]
fn wrong_requests_are_refused_with_what_is_expected() {
    let api = shop();
    let long = format!("/products/{}", "9".repeat(10_000));
    let whole = "expected a whole number from -2147483648 to 2147483647";
    #[rustfmt::skip]
    let cases = [
        ("/nothing", 404, "there is no route for /nothing; GET / lists the routes"),
        ("/products/1/2", 404, "there is no route for /products/1/2"),
        ("//1", 404, "there is no route for //1"),
        ("/shops//", 404, "there is no route for /shops//"),
        ("/products/9223372036854775808", 400, &format!("parameter `id` is `9223372036854775808`; {whole}")),
        ("/products/1;DROP", 400, &format!("parameter `id` is `1;DROP`; {whole}")),
        ("/products/1%00", 400, &format!("parameter `id` is `1\\0`; {whole}")),
        ("/products/+1", 400, "parameter `id` is `+1`"),
        ("/products/%201", 400, "parameter `id` is ` 1`"),
        ("/products/-", 400, "parameter `id` is `-`"),
        ("/products/0x1", 400, "parameter `id` is `0x1`"),
        ("/products/1e3", 400, "parameter `id` is `1e3`"),
        (&long, 400, &format!("parameter `id` is `{}…`; {whole}", "9".repeat(40))),
        ("/products/%1b[31m", 400, "parameter `id` is `\\u{1b}[31m`"),
        ("/products/%zz", 400, "parameter `id` is `%zz`; expected two hexadecimal digits behind each `%`"),
        ("/products/1%2", 400, "parameter `id` is `1%2`; expected two hexadecimal digits"),
        ("/products/%ff", 400, "parameter `id` is `%ff`; expected UTF-8, percent-encoded"),
        ("/products?count=0", 400, "parameter `count` is `0`; expected a whole number from 1 to 100"),
        ("/products?count=101", 400, "parameter `count` is `101`"),
        ("/products?count=", 400, "parameter `count` is ``"),
        ("/products?count", 400, "parameter `count` is ``"),
        ("/products?count=5&count=5", 400, "parameter `count` is given more than once: `5` and `5`"),
        ("/products?page=0", 400, "parameter `page` is `0`; expected a whole number from 1"),
        ("/products?page=-1", 400, "parameter `page` is `-1`"),
        ("/products?page=9223372036854775808", 400, "parameter `page` is `9223372036854775808`"),
        ("/products?page=2&after_id=5", 400, "parameter `page` is `2`; expected `page` or `after_id`, not both"),
        ("/reviews", 400, &format!("parameter `product_id` is missing; {whole}")),
        ("/reviews?product_id=2&sort=oldest", 400, "parameter `sort` is `oldest`; expected newest or helpful"),
        ("/reviews?product_id=2&sort=newest&sort=helpful", 400, "parameter `sort` is given more than once"),
        ("/shops/a%00b", 400, "parameter `name` is `a\\0b`, which holds a NUL byte, which Postgres cannot store"),
    ];
    for (target, status, message) in cases {
        let (found, body) = find(&api, target).unwrap_err();
        assert_eq!(
            (found, &body["status"]),
            (status, &json!(status)),
            "{target}"
        );
        let found = body["message"].as_str().unwrap();
        assert!(found.contains(message), "{target}\n{found}");
        if status == 400 {
            let name = body["parameter"].as_str().unwrap();
            assert!(found.contains(&format!("`{name}`")), "{body}");
            assert!(!body["expected"].as_str().unwrap().is_empty(), "{body}");
        }
    }
}

/// A value as it is spelled in a key, or what is expected instead.
type Spelled = Result<&'static str, &'static str>;

#[test]
fn values_of_every_type_are_read_and_spelled_in_one_way() {
    let colours = ParameterType {
        name: "colour".to_owned(),
        data_type: DataType {
            oid: 99_999,
            modifier: -1,
            kind: TypeKind::Enum(vec!["red".to_owned(), "sea green".to_owned()]),
        },
        example: None,
    };
    let short = ParameterType {
        name: "varchar(3)".to_owned(),
        data_type: DataType {
            modifier: 7,
            ..DataType::from(Scalar::Varchar)
        },
        example: None,
    };
    let uuid = "5F0C6C7A-0d8a-4b5e-9a37-0d3a1a2b3c4d";
    #[rustfmt::skip]
    let cases: [(ParameterType, &str, Spelled); 31] = [
        (Scalar::Int2.into(), "32767", Ok("32767")),
        (Scalar::Int2.into(), "32768", Err("a whole number from -32768 to 32767")),
        (Scalar::Int8.into(), "-9223372036854775808", Ok("-9223372036854775808")),
        (Scalar::Float8.into(), "1.50", Ok("1.5")),
        (Scalar::Float8.into(), "1e400", Err("a number")),
        (Scalar::Float4.into(), "NaN", Err("a number")),
        (Scalar::Numeric.into(), "012.50", Ok("12.50")),
        (Scalar::Numeric.into(), "12,5", Err("a number")),
        (Scalar::Bool.into(), "1", Ok("true")),
        (Scalar::Bool.into(), "false", Ok("false")),
        (Scalar::Bool.into(), "yes", Err("true or false")),
        (Scalar::Text.into(), "", Ok("")),
        (short.clone(), "añb", Ok("añb")),
        (short, "abcd", Err("a text")),
        (Scalar::Uuid.into(), uuid, Ok("5f0c6c7a-0d8a-4b5e-9a37-0d3a1a2b3c4d")),
        (Scalar::Uuid.into(), "5f0c", Err("a UUID such as")),
        (Scalar::Date.into(), "2024-02-29", Ok("2024-02-29")),
        (Scalar::Date.into(), "2023-02-29", Err("a date such as 2024-01-31")),
        (Scalar::Timestamptz.into(), "2024-01-31T12:30:00Z", Ok("2024-01-31 12:30:00+00")),
        (Scalar::Timestamp.into(), "31 Jan 2024", Ok("2024-01-31 00:00:00")),
        // What only the server can read; where it rejects it, that is a 400, too.
        (Scalar::Timestamp.into(), "2024-01-31T25:30:00", Ok("2024-01-31T25:30:00")),
        (Scalar::Time.into(), "08:30", Ok("08:30:00")),
        (Scalar::Json.into(), "{\"a\":1}", Ok("{\"a\":1}")),
        (Scalar::Jsonb.into(), "{", Err("a value of type jsonb")),
        (Scalar::Bytea.into(), "\\x00FF", Ok("\\x00ff")),
        (Scalar::Inet.into(), "192.0.2.1", Ok("192.0.2.1/32")),
        (Scalar::Bit.into(), "102", Err("a value of type bit")),
        (Scalar::Money.into(), "$5", Ok("$5")),
        (colours.clone(), "sea green", Ok("sea green")),
        (colours.clone(), "blue", Err("red or sea green")),
        (colours, "", Err("red or sea green")),
    ];
    for (ty, value, expected) in cases {
        let name = ty.name.clone();
        let query = selecting("q", "-- param value: t.value\n-- route: GET /t", &[ty]);
        let api = Api::new(vec![query]).unwrap();
        let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let found = find(&api, &format!("/t?value={encoded}"));
        match expected {
            Ok(spelled) => {
                let call = found.unwrap_or_else(|error| panic!("{name} {value}: {error:?}"));
                assert_eq!(call.values[0].to_text(), spelled, "{name}");
            }
            Err(expected) => {
                let (status, body) = found.unwrap_err();
                assert_eq!(status, 400, "{name} {value}");
                let found = body["expected"].as_str().unwrap();
                assert!(found.contains(expected), "{name} {value}: {body}");
            }
        }
    }
}

#[test]
fn bounds_count_for_all_numbers_and_for_nothing_else() {
    for (ty, inside, outside) in [
        (Scalar::Int8, "10", "11"),
        (Scalar::Float8, "9.5", "10.5"),
        (Scalar::Numeric, "10.00", "10.01"),
    ] {
        let header = "-- param value: t.value, min -1, max 10\n-- route: GET /t";
        let api = Api::new(vec![selecting("q", header, &[ty.into()])]).unwrap();
        assert!(find(&api, &format!("/t?value={inside}")).is_ok());
        assert!(find(&api, &format!("/t?value={outside}")).is_err());
        assert!(find(&api, "/t?value=-2").is_err());
    }
    let header = "-- param value: t.value, max 10\n-- route: GET /t";
    let error = Api::new(vec![selecting("q", header, &[text()])]).unwrap_err();
    let expected =
        "queries/q.sql, line 1: parameter `value` is of type text; only numbers have bounds";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn routes_that_clash_are_refused_with_both_files() {
    let clash = |one: &str, other: &str| {
        let header = |route: &str| format!("-- param id: t.id\n-- route: GET {route}");
        let queries = vec![
            selecting("one", &header(one), &[int()]),
            selecting("other", &header(other), &[int()]),
        ];
        Api::new(queries)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    #[rustfmt::skip]
    let cases = [
        ("/t/:id", "/t/:id", "queries/other.sql, line 2: GET /t/:id clashes with queries/one.sql, line 2: give both a condition"),
        ("/t?sort=a", "/t?sort=a", "both are for `sort=a`"),
        ("/t?sort=a", "/t?by=b", "conditions of one path have the same key; write `?sort=b`"),
        ("/t?sort=a", "/t", "give both a condition such as `?sort=newest`, or one another path"),
        ("/t?sort=a, default", "/t?sort=b, default", "both are the default without `sort`"),
    ];
    for (one, other, expected) in cases {
        let error = clash(one, other).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(clash("/t/:id", "/t/all"), Ok(()));
    assert_eq!(clash("/t?sort=a", "/t?sort=b"), Ok(()));
}

/// A column of a result.
fn column(name: &str, data_type: impl Into<DataType>) -> OutputColumn {
    OutputColumn {
        name: name.to_owned(),
        data_type: data_type.into(),
    }
}

#[test]
fn statements_ask_whether_values_exist_and_make_rows_a_body() {
    let statement = |header: &str, columns: &[OutputColumn]| {
        let text = format!("{header}\nSELECT 1 WHERE :id > 0; -- end\n");
        let query = RoutedQuery {
            columns: columns.to_vec(),
            ..routed("q", &text, &[int()])
        };
        Api::new(vec![query]).unwrap().endpoints[0].statement()
    };
    let (value, row) = ([column("a", Scalar::Json)], [column("a", Scalar::Int4)]);
    let plain = "-- param id: t.id\n-- route: GET /t/:id";
    let exists = "-- param id: shop.\"T\".id, exists\n-- route: GET /t/:id\n-- no-row: 410";
    let condition = "WHERE EXISTS (SELECT 1 FROM shop.\"T\" WHERE id = $1)";
    assert!(statement(plain, &value).ends_with("SELECT 1 WHERE $1 > 0; -- end\n"));
    assert!(statement(exists, &value).ends_with(condition));
    let array = statement(plain, &row);
    assert!(array.contains("json_agg(answer)"), "{array}");
    assert!(!array.contains(';') && !array.contains("HAVING"), "{array}");
    let array = statement(exists, &row);
    assert!(array.ends_with(condition), "{array}");
    assert!(array.contains("HAVING count(*) > 0"), "{array}");
    let object = statement(&format!("{exists}\n-- max-rows: 1"), &row);
    assert!(object.contains("row_to_json(answer)"), "{object}");
    assert!(
        object.ends_with(&format!("{condition} LIMIT 1")),
        "{object}"
    );
}

#[test]
fn bodies_are_described_by_their_columns_or_as_the_file_says() {
    let labels = vec!["red".to_owned()];
    let colour = DataType {
        kind: TypeKind::Enum(labels),
        ..DataType::UNRESOLVED
    };
    let sizes = DataType {
        kind: TypeKind::Array(Box::new(Scalar::Int4.into()), b','),
        ..DataType::UNRESOLVED
    };
    let columns = [
        column("id", Scalar::Int8),
        column("price", Scalar::Numeric),
        column("colour", colour),
        column("sizes", sizes),
        column("more", Scalar::Jsonb),
    ];
    let row = json!({
        "type": "object", "required": ["id", "price", "colour", "sizes", "more"], "additionalProperties": false,
        "properties": {
            "id": {"type": ["integer", "null"], "format": "int64"},
            "price": {"type": ["number", "null"]},
            "colour": {"type": ["string", "null"], "enum": ["red", null]},
            "sizes": {"type": ["array", "null"]},
            "more": {},
        },
    });
    let form = "-- response: {\"*\":\n-- [\"date or null\"]}";
    let described = json!({
        "type": "object",
        "additionalProperties": {"type": "array", "items": {"type": ["string", "null"], "format": "date"}},
    });
    let json = [column("a", Scalar::Json)];
    for (header, columns, expected) in [
        ("", &columns[..], json!({"type": "array", "items": row})),
        ("-- max-rows: 1", &columns, row.clone()),
        ("", &json, json!({})),
        (form, &json, described.clone()),
        (form, &columns, described),
    ] {
        let query = RoutedQuery {
            columns: columns.to_vec(),
            ..routed("q", &format!("-- route: GET /t\n{header}\nSELECT 1"), &[])
        };
        let document = Api::new(vec![query]).unwrap().openapi();
        let schema = "/paths/~1t/get/responses/200/content/application~1json/schema";
        assert_eq!(document.pointer(schema), Some(&expected), "{header}");
    }
}

/// The part of OpenAPI 3.1's own schema that covers what is written here: unknown members are refused.
fn openapi_schema() -> Value {
    let text = json!({"type": "string", "minLength": 1});
    let ty = json!({"enum": ["integer", "number", "boolean", "string", "object", "array"]});
    let closed = |required: &[&str], properties: Value| {
        json!({
            "type": "object", "required": required, "properties": properties, "additionalProperties": false,
        })
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {
            "parameter": closed(&["name", "in", "schema"], json!({
                "name": text, "in": {"enum": ["path", "query"]}, "required": {"type": "boolean"},
                "description": text, "example": {}, "schema": {"$ref": "#/$defs/schema"},
            })),
            "schema": closed(&[], json!({
                "type": {"anyOf": [ty, {"type": "array", "items": {"anyOf": [ty, {"const": "null"}]}, "minItems": 1, "uniqueItems": true}]},
                "format": text, "minimum": {"type": "number"}, "maximum": {"type": "number"},
                "maxLength": {"type": "integer", "minimum": 1}, "default": {}, "description": text,
                "enum": {"type": "array", "minItems": 1, "uniqueItems": true},
                "required": {"type": "array", "items": text, "uniqueItems": true},
                "properties": {"type": "object", "additionalProperties": {"$ref": "#/$defs/schema"}},
                "additionalProperties": {"anyOf": [{"type": "boolean"}, {"$ref": "#/$defs/schema"}]},
                "items": {"$ref": "#/$defs/schema"},
                "anyOf": {"type": "array", "items": {"$ref": "#/$defs/schema"}, "minItems": 1},
                "$ref": {"const": "#/components/schemas/Error"},
            })),
            "response": closed(&["description"], json!({
                "description": text,
                "headers": {"type": "object", "additionalProperties": closed(&["schema"], json!({
                    "description": text, "schema": {"$ref": "#/$defs/schema"},
                }))},
                "content": closed(&["application/json"], json!({
                    "application/json": closed(&["schema"], json!({"schema": {"$ref": "#/$defs/schema"}})),
                })),
            })),
            "operation": closed(&["operationId", "parameters", "responses"], json!({
                "operationId": text, "description": text,
                "parameters": {"type": "array", "items": {"$ref": "#/$defs/parameter"}},
                "responses": {
                    "type": "object", "minProperties": 1, "additionalProperties": false,
                    "patternProperties": {"^[1-5][0-9][0-9]$": {"$ref": "#/$defs/response"}},
                },
            })),
        },
        "type": "object", "required": ["openapi", "info", "paths"], "additionalProperties": false,
        "properties": {
            "openapi": {"pattern": "^3\\.1\\.[0-9]+$"},
            "info": closed(&["title", "version"], json!({"title": text, "version": text, "description": text})),
            "paths": {
                "type": "object", "additionalProperties": false,
                "patternProperties": {"^/": closed(&["get"], json!({"get": {"$ref": "#/$defs/operation"}}))},
            },
            "components": closed(&["schemas"], json!({
                "schemas": {"type": "object", "additionalProperties": {"$ref": "#/$defs/schema"}},
            })),
        },
    })
}

#[test]
fn the_description_is_openapi_and_names_every_parameter() {
    let description = shop().openapi();
    let responses = &description["paths"]["/reviews"]["get"]["responses"];
    let statuses: Vec<&String> = responses.as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["200", "304", "400", "404", "500", "503"]);
    let validator = jsonschema::draft202012::new(&openapi_schema()).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&description)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    for (path, item) in description["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array().unwrap();
        let in_path = parameters.iter().filter(|it| it["in"] == "path");
        let in_path: Vec<&str> = in_path.map(|it| it["name"].as_str().unwrap()).collect();
        let named = path
            .split('/')
            .filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(in_path, named.collect::<Vec<_>>(), "{path}");
        assert!(
            parameters
                .iter()
                .all(|it| it["in"] == "query" || it["required"] == true)
        );
    }
    let reviews = &description["paths"]["/reviews"]["get"]["parameters"];
    let sort = json!({"type": "string", "enum": ["newest", "helpful"], "default": "newest"});
    let names: Vec<&Value> = reviews
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["product_id", "count", "sort"]);
    assert_eq!(reviews[2]["schema"], sort);
    let products = &description["paths"]["/products"]["get"]["parameters"];
    let count =
        json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": 100, "default": 5});
    assert_eq!(products[1]["schema"], count);
    assert_eq!(
        products[0]["required"], false,
        "the number of a page may be given instead"
    );
}

#[test]
fn the_list_of_routes_escapes_what_it_shows() {
    let mut ty = text();
    ty.example = Some("<b>&".to_owned());
    let header = "-- Shops & <more>.\n-- param name: shops.name\n-- route: GET /shops/:name";
    let api = Api::new(vec![selecting("shop", header, &[ty])]).unwrap();
    let route = &api.index()["routes"][0];
    assert_eq!(route["route"], "GET /shops/:name");
    assert_eq!(route["about"], "Shops & <more>.");
    assert_eq!(route["example"], "/shops/%3Cb%3E%26");
    let page = api.index_page();
    assert!(page.contains("Shops &amp; &lt;more&gt;."), "{page}");
    assert!(page.contains("<a href=\"/shops/%3Cb%3E%26\">"), "{page}");
}

#[test]
fn a_values_route_is_found_again() {
    let api = shop();
    let values = [ParameterValue::Integer(5), ParameterValue::Integer(7)];
    for endpoint in &api.endpoints {
        let target = endpoint.route.fill(&values);
        let call = find(&api, &target).unwrap();
        assert_eq!(api.endpoints[call.endpoint].query.name, endpoint.query.name);
        assert_eq!(call.key, target);
    }
}
