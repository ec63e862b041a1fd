//! JSON, lists and ids of rows that no foreign key names.

use crate::infer::domain::{JsonKind, MakerToml, Value};
use crate::infer::names::made::{pattern, word};
use crate::infer::names::rule::Make::{By, Number};
use crate::infer::names::rule::{Made, Scene};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::types::{INT, JSON, TEXT, TEXTS};

/// Rules about what has a structure, or refers to something.
pub const RULES: &[Rule] = rules! {
    "settings|preferences|config|configuration|options|prefs|ui settings|notification settings|user settings|setting|notification preferences|features|feature flags|params|parameters|policy"
        [] JSON, 0 => By(settings), "settings", "users.settings";
    "address|location|shipping address|billing address|geo|coordinates|place" [] JSON, 0 => By(address), "a place", "orders.shipping_address";
    "payload|event data|request body|response|request|body|event payload|raw data|raw|webhook data|response body|message|snapshot|input|output|result|args|arguments|job data|event|headers|changes|object changes|diff|delta|context"
        [] JSON, 0 => By(payload), "a payload", "events.payload";
    "items|tags|values|lines|entries|list|line items|history|permissions|scopes|roles|errors|steps|images|links|attachments|categories|labels" [] JSON, 0 => By(list), "a list", "posts.tags";
    "translations|translation|i 18 n|localized|names|labels i 18 n|title translations|name translations|description translations" [] JSON, 0 => By(translations), "texts by language",
        "products.translations";
    "metadata|data|attributes|properties|extra|meta|info|details|extras|custom fields|additional data|custom attributes|props|traits|profile|specs|specifications|dimensions|stats|metrics|summary|content|document|json|value|custom data|extra data|additional info|fields|state|schema|definition|other|misc"
        [] JSON, 0 => By(metadata), "some data", "products.metadata";
    "tags|keywords|labels|categories|topics|hashtags|skills|interests|flags|aliases|synonyms" [] TEXTS, 0 => By(tags), "a few tags", "posts.tags";
    "emails|email addresses|recipients|to|cc|bcc" [] TEXTS, 0 => By(emails), "emails at example.com", "contacts.emails";
    "phones|phone numbers" [] TEXTS, 0 => By(phones), "numbers kept for fiction", "contacts.phones";
    "roles|permissions|scopes|grants|authorities|privileges" [] TEXTS, 0 => By(roles), "a few roles", "users.roles";
    "languages|locales" [] TEXTS, 0 => By(languages), "a few languages", "users.languages";
    "colors" [] TEXTS, 0 => By(colors), "a few colors", "products.colors";
    "materials" [] TEXTS, 0 => By(materials), "a few materials", "products.materials";
    "images|photos|pictures|image urls|photo urls|urls|links|attachments|screenshots|gallery" [] TEXTS, 0 => By(images), "pictures at example.com", "products.images";
    "id|ref|reference id|fk|parent|user|author|owner" [] INT, 0 => Number(1.0, 0.0, 1_000.0), "the id of something", "logs.entity_id";
    "id|key|ref|external key" [] TEXT, 4 => By(key), "a key", "logs.entity_id";
};

/// JSON of templates, where an object is allowed.
fn json(scene: &Scene, templates: &[&str]) -> Option<Made> {
    let kinds = &scene.column.limits.json_kinds;
    if !kinds.is_empty() && !kinds.contains(&JsonKind::Object) {
        return match kinds.contains(&JsonKind::Array) {
            true => list(scene),
            false => None,
        };
    }
    Some(Made::new(of(templates)))
}

fn of(templates: &[&str]) -> MakerToml {
    MakerToml::new("json").with("of", templates.to_vec())
}

fn settings(scene: &Scene) -> Option<Made> {
    json(
        scene,
        &[
            r#"{{"theme": "light", "notifications": true, "page_size": 25}}"#,
            r#"{{"theme": "dark", "notifications": true, "page_size": 50}}"#,
            r#"{{"theme": "system", "notifications": false, "digest": "weekly"}}"#,
        ],
    )
}

fn address(scene: &Scene) -> Option<Made> {
    json(scene, &[r#"{{"street": "{streets}", "city": "{places}"}}"#])
}

fn payload(scene: &Scene) -> Option<Made> {
    json(
        scene,
        &[
            r#"{{"event": "{events}", "source": "web", "retry": false}}"#,
            r#"{{"event": "{events}", "source": "api", "tags": ["{tags}", "{tags}"]}}"#,
        ],
    )
}

fn metadata(scene: &Scene) -> Option<Made> {
    json(
        scene,
        &[
            r#"{{"source": "web", "tags": ["{tags}", "{tags}"]}}"#,
            r#"{{"source": "import", "color": "{colors}", "checked": true}}"#,
            r#"{{"source": "api", "label": "{labels}"}}"#,
        ],
    )
}

fn translations(scene: &Scene) -> Option<Made> {
    json(
        scene,
        &[r#"{{"en": "{labels}", "de": "{labels}", "fr": "{labels}"}}"#],
    )
}

fn list(scene: &Scene) -> Option<Made> {
    let kinds = &scene.column.limits.json_kinds;
    if !kinds.is_empty() && !kinds.contains(&JsonKind::Array) {
        return json(scene, &[r#"{{"tags": ["{tags}"]}}"#]);
    }
    Some(Made::new(of(&[
        r#"["{tags}"]"#,
        r#"["{tags}", "{tags}"]"#,
        "[]",
    ])))
}

/// An array of what a maker gives.
fn array(scene: &Scene, of: MakerToml, min: i64, max: i64) -> Option<Made> {
    let least = scene.column.limits.min_length.map_or(min, i64::from);
    let most = scene
        .column
        .limits
        .max_length
        .map_or(max.max(least), |it| i64::from(it).min(max.max(least)));
    let mut element = vec![("make".to_owned(), Value::Text(of.make))];
    element.extend(of.options);
    let maker = MakerToml::new("array").with("of", Value::Table(element));
    Some(Made::new(
        maker.with("min", least.min(most)).with("max", most),
    ))
}

fn tags(scene: &Scene) -> Option<Made> {
    array(scene, word("tags"), 0, 4)
}

fn roles(scene: &Scene) -> Option<Made> {
    array(scene, word("roles"), 1, 2)
}

fn languages(scene: &Scene) -> Option<Made> {
    array(scene, word("languages").with("field", 2), 1, 3)
}

fn colors(scene: &Scene) -> Option<Made> {
    array(scene, word("colors"), 1, 3)
}

fn materials(scene: &Scene) -> Option<Made> {
    array(scene, word("materials"), 1, 2)
}

fn emails(scene: &Scene) -> Option<Made> {
    array(scene, pattern("u[0-9]{6}@example\\.com"), 0, 2)
}

fn phones(scene: &Scene) -> Option<Made> {
    array(scene, pattern(scene.locale.phone), 0, 2)
}

fn images(scene: &Scene) -> Option<Made> {
    array(
        scene,
        pattern("https://images\\.example\\.com/[0-9a-f]{8}\\.jpg"),
        0,
        4,
    )
}

fn key(scene: &Scene) -> Option<Made> {
    let length = scene.longest.min(12);
    Some(Made::new(pattern(&format!("[0-9a-f]{{{length}}}"))).guess())
}
