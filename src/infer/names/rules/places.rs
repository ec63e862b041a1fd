//! Places: city, region, postcode, country and coordinates of one entry; streets that no town has.

use crate::infer::domain::MakerToml;
use crate::infer::names::made::{field, pattern, phrase, word};
use crate::infer::names::rule::Make::{By, Entry, Maker, PlaceOr};
use crate::infer::names::rule::{Made, Scene};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::rules::states;
use crate::infer::names::rules::subjects::ADDRESS;
use crate::infer::names::types::{DECIMAL, FLOAT, INT, NUMBER, TEXT};

/// Rules about places.
pub const RULES: &[Rule] = rules! {
    "address 2|address line 2|line 2|address 3|address line 3|line 3|street 2|address line two|apartment|suite|apartment number|unit number|flat"
        [] TEXT, 7 => By(second_line), "an apartment", "addresses.address_line_2";
    "street name|street" [] TEXT, 12 => By(street), "a street that no town has", "addresses.street";
    "address line 1|address 1|line 1|street 1|street address|address line|address line one|street and number" [] TEXT, 16
        => By(line), "a street that no town has", "customers.address_1";
    "house number|street number|building number|house no|street no|building no" [] TEXT, 3 => Maker(|| pattern("[1-9][0-9]?")),
        "a house number", "addresses.house_number";
    "house number|street number|building number|house no|street no" [] INT, 0 => Maker(house), "a house number",
        "addresses.street_number";
    "full address|postal address|mailing address|formatted address|address|address text"
        [] TEXT, 16 => By(address), "an address that doesn't exist", "stores.address";
    "city|city name|town|town name|municipality|locality|place of birth|birth place|hometown|birth city" [] TEXT, 4
        => Entry("places", 1), "a city", "addresses.city";
    "name" ["city", "town", "municipality", "locality"] TEXT, 4 => Entry("places", 1), "a city", "cities.name";
    "state code|province code|region code|state abbreviation|state abbr|state short" [] TEXT, 2 => Entry("places", 3),
        "a region's code", "addresses.state_code";
    "state|state province|state name" [] TEXT, 2 => By(state), "a state", "addresses.state";
    "province|region|county|canton|prefecture|state or province|region name|province name|county name|administrative area"
        [] TEXT, 2 => By(region), "a region", "addresses.region";
    "name" ["state", "province", "region", "county", "prefecture", "canton", "territory"] TEXT, 4 => Entry("places", 2),
        "a region", "regions.name";
    "postcode" [] TEXT, 5 => Entry("places", 4), "a postcode", "addresses.postcode";
    "postcode" [] INT, 0 => Maker(|| MakerToml::new("integer").with("min", 10_001).with("max", 99_950)), "a postcode",
        "addresses.postcode";
    "country code 3|country iso 3|iso 3|iso alpha 3|alpha 3|country alpha 3|iso code 3" [] TEXT, 3 => PlaceOr(7, "countries", 3),
        "a country's code", "countries.iso3";
    "country code|country iso|country iso 2|country iso code|iso country|iso country code|iso 2|alpha 2|iso alpha 2|country alpha 2|cc 2|iso code 2"
        [] TEXT, 2 => By(country_code), "a country's code", "users.country_code";
    "code|iso code|iso|abbreviation|short name|abbr" ["country"] TEXT, 2 => By(country_code), "a country's code",
        "countries.code";
    "numeric code|iso numeric|country numeric" ["country"] TEXT, 3 => Entry("countries", 4), "a country's number",
        "countries.numeric_code";
    "continent" [] TEXT, 8 => Entry("countries", 5), "a continent", "countries.continent";
    "calling code|dial code|dialing code|phone code|phone prefix|country calling code|phone country code" [] TEXT, 3
        => Entry("countries", 6), "a calling code", "countries.calling_code";
    "capital|capital city" [] TEXT, 8 => Entry("countries", 8), "a capital", "countries.capital";
    "country|country name|country of origin|origin country|birth country|country of birth|home country" [] TEXT, 14
        => PlaceOr(5, "countries", 1), "a country", "addresses.country";
    "country|country of origin|origin country|birth country|home country" [] TEXT, 2 => By(country_code), "a country's code",
        "orders.country";
    "name|full name|official name|display name|english name|nice name" ["country", "nation"] TEXT, 6 => Entry("countries", 1), "a country",
        "countries.name";
    "latitude" [] FLOAT.or(DECIMAL).or(TEXT), 9 => By(latitude), "near the place", "stores.lat";
    "longitude|=long" [] FLOAT.or(DECIMAL).or(TEXT), 10 => By(longitude), "near the place", "stores.lng";
    "location|venue|place|site|where|location name" [] TEXT, 4 => Maker(|| word("places")), "a city", "events.location";
    "time zone|time zone name|time zone id|zoneinfo|olson zone" [] TEXT, 10 => PlaceOr(10, "time-zones", 1),
        "a time zone", "users.timezone";
    "name|code|id" ["zone", "timezone"] TEXT, 30 => Entry("time-zones", 1), "a time zone", "time_zone.name";
    "altitude|elevation" [] NUMBER, 0 => crate::infer::names::rule::Make::Number(0.0, 0.0, 2500.0), "meters above the sea",
        "stations.elevation";
};

fn house() -> MakerToml {
    MakerToml::new("integer").with("min", 1).with("max", 199)
}

fn second_line(_: &Scene) -> Option<Made> {
    let made = Made::new(pattern("(Apt\\. [1-9][0-9]?|Floor [1-9]|Unit [A-F])"));
    Some(made.null(0.7))
}

/// With the number, unless the table has a column for that.
fn street(scene: &Scene) -> Option<Made> {
    let numbers = [
        "house number",
        "street number",
        "building number",
        "number",
        "house no",
        "street no",
    ];
    match scene.sibling_in_words(&numbers) {
        Some(_) => Some(Made::new(phrase(&["{streets}"]))),
        None => line(scene),
    }
}

fn line(scene: &Scene) -> Option<Made> {
    let house_column = scene.prefixed("house");
    let template = scene
        .locale
        .address
        .replace("{house}", &format!("{{{house_column}}}"));
    Some(Made::new(phrase(&[&template])).with_hidden(&house_column, house()))
}

/// Street and number; with the city, unless the table has a column for that.
fn address(scene: &Scene) -> Option<Made> {
    let made = line(scene)?;
    let has_city = scene
        .sibling_in_words(&["city", "town", "postcode", "city name"])
        .is_some();
    if has_city || scene.longest < 70 {
        return Some(made);
    }
    let place = scene.prefixed("place");
    let names = [
        (scene.prefixed("city_text"), 1),
        (scene.prefixed("postcode_text"), 4),
    ];
    let house_column = scene.prefixed("house");
    let template = scene
        .locale
        .address
        .replace("{house}", &format!("{{{house_column}}}"));
    let template = format!("{template}, {{{}}} {{{}}}", names[0].0, names[1].0);
    let mut made = Made::new(phrase(&[&template])).with_hidden(&house_column, house());
    made = made.with_hidden(&place, word("places"));
    for (name, number) in names {
        made = made.with_hidden(&name, field(&place, number));
    }
    Some(made)
}

/// Of an address; elsewhere a state is how far something is.
fn state(scene: &Scene) -> Option<Made> {
    let near = [
        "city",
        "postcode",
        "country",
        "country code",
        "town",
        "address",
        "street",
        "address line 1",
        "address 1",
    ];
    let is_region = scene.sibling_in_words(&near).is_some()
        || scene.column.name.to_lowercase().contains("province")
        || scene.prefix.is_empty() && ADDRESS.contains(&scene.subject) && scene.longest <= 3;
    match is_region {
        true => region(scene),
        false => states::status(scene),
    }
}

fn region(scene: &Scene) -> Option<Made> {
    Some(scene.entry("places", if scene.longest <= 3 { 3 } else { 2 }))
}

fn country_code(scene: &Scene) -> Option<Made> {
    let is_three = scene.longest == 3;
    scene.make(match is_three {
        true => &PlaceOr(7, "countries", 3),
        false => &PlaceOr(6, "countries", 2),
    })
}

fn latitude(scene: &Scene) -> Option<Made> {
    coordinate(scene, "latitude", 8, (-55.0, 65.0))
}

fn longitude(scene: &Scene) -> Option<Made> {
    coordinate(scene, "longitude", 9, (-125.0, 150.0))
}

/// Within a kilometer of the place's center, where siblings say which place.
fn coordinate(scene: &Scene, name: &str, number: usize, range: (f64, f64)) -> Option<Made> {
    let city = scene.sibling_in_words(&[
        "city",
        "town",
        "postcode",
        "region",
        "state",
        "country",
        "country code",
    ]);
    if city.is_none() && scene.types != TEXT {
        return Some(Made::new(scene.number(range.0, 0.0, range.1)));
    }
    let place = scene.prefixed("place");
    let (center, digits) = (
        scene.prefixed(&format!("{name}_near")),
        scene.prefixed(&format!("{name}_digits")),
    );
    let list = match scene.entry("places", 1).hidden.first() {
        Some((_, maker)) => maker.clone(),
        None => word("places"),
    };
    let made = Made::new(phrase(&[&format!("{{{center}}}{{{digits}}}")]));
    let made = made
        .with_hidden(&place, list)
        .with_hidden(&center, field(&place, number));
    Some(made.with_hidden(
        &digits,
        MakerToml::new("integer").with("min", 100).with("max", 999),
    ))
}
