//! Codes and numbers of things: with the right shape, and none that could be real.

use crate::infer::domain::MakerToml;
use crate::infer::names::made::{one_of, pattern, phrase};
use crate::infer::names::rule::Make::{By, Maker};
use crate::infer::names::rule::{Made, Scene};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::types::{INT, TEXT, UUID};

/// The rule for any other code; last, as most codes are of something.
pub const ANY: &[Rule] = rules! {
    "code|short code|abbreviation|abbr|acronym|mnemonic|symbol|ticker|cd" [] TEXT, 1 => By(code), "a code", "warehouses.code";
};

/// Rules about codes.
pub const RULES: &[Rule] = rules! {
    // The group 9799 of ISBNs is given to nobody.
    "isbn|isbn 13" [] TEXT, 13 => Maker(|| pattern("9799[0-9]{9}")), "an ISBN of no publisher", "books.isbn";
    "isbn|isbn 10" [] TEXT, 10 => Maker(|| pattern("99999[0-9]{5}")), "an ISBN of no publisher", "books.isbn";
    "issn" [] TEXT, 9 => Maker(|| pattern("0000-[0-9]{4}")), "an ISSN of no magazine", "magazines.issn";
    "doi" [] TEXT, 16 => Maker(|| pattern("10\\.0000/[a-z]{4}\\.[0-9]{4}")), "a DOI of no registrant", "papers.doi";
    // Numbers that begin with 2 are for use within a shop.
    "barcode|ean|ean 13|upc|gtin|gtin 13|bar code|upc code|ean code" [] TEXT, 13 => Maker(|| pattern("2[0-9]{12}")),
        "a number for use within a shop", "products.barcode";
    "barcode|ean|upc|gtin|upc code" [] TEXT, 12 => Maker(|| pattern("2[0-9]{11}")), "a number for use within a shop", "products.upc";
    "barcode|ean|ean 8|upc" [] TEXT, 8 => Maker(|| pattern("2[0-9]{7}")), "a number for use within a shop", "products.ean8";
    "barcode|ean|upc|gtin" [] INT, 0 => By(barcode), "a number for use within a shop", "products.barcode";
    // Check digits of 00 are never right.
    "iban" [] TEXT, 22 => Maker(|| pattern("DE00[0-9]{18}")), "an IBAN that no bank takes", "accounts.iban";
    "bic|swift|swift code|bic code|bank identifier" [] TEXT, 8 => Maker(|| pattern("TESTZZ[0-9A-Z]{2}")), "a BIC of no country", "banks.bic";
    "routing number|bank code|aba|routing no|blz" [] TEXT, 9 => Maker(|| pattern("99[0-9]{7}")), "a number of no bank", "banks.routing_number";
    "sort code" [] TEXT, 8 => Maker(|| pattern("00-00-[0-9]{2}")), "a number of no bank", "banks.sort_code";
    "account number|bank account|account no|bank account number" [] TEXT, 10 => Maker(|| pattern("00[0-9]{8}")), "a number of no account",
        "accounts.account_number";
    "last 4|last four|card last 4|last 4 digits|last digits|card last four|last four digits|cc last 4" [] TEXT, 4 => Maker(|| pattern("[0-9]{4}")), "four digits",
        "cards.last4";
    "card number|credit card|credit card number|cc number|pan|card no|creditcard|masked number" [] TEXT, 16 => Maker(|| pattern("0000[0-9]{12}")),
        "a number of no card", "cards.card_number";
    "cvv|cvc|security code|cvv 2" [] TEXT, 3 => Maker(|| pattern("000")), "no code", "cards.cvv";
    // No social security number has 00 in its middle.
    "ssn|social security number|national id|national insurance number|sin|personal id|national identifier|identity number|id card number|nin|curp|cpf" [] TEXT, 11
        => Maker(|| pattern("[0-9]{3}-00-[0-9]{4}")), "a number of no person", "patients.ssn";
    "passport|passport number|passport no|passport id" [] TEXT, 9 => Maker(|| pattern("ZZ[0-9]{7}")), "a passport of no country", "travelers.passport_number";
    "driver license|driving license|driver license number|drivers license|driving license number|license no|license number|dl number|license id" [] TEXT, 11
        => Maker(|| pattern("T-[0-9]{9}")), "a license of nobody", "drivers.license_number";
    "license|license name|spdx|licenses" [] TEXT, 3 => Maker(|| one_of(&["MIT", "Apache-2.0", "GPL-3.0", "BSD-3-Clause", "MPL-2.0"], &[8, 5, 2, 2, 1])),
        "a license of software", "packages.license";
    "vat|vat number|vat id|tax id|tax number|tin|ein|tax code|vat no|tax no|fiscal code|company registration number|registration no|company number|business number|tax identifier|abn|cnpj"
        [] TEXT, 11 => Maker(|| pattern("ZZ[0-9]{9}")), "a number of no country", "companies.vat_number";
    "vin|chassis number|vehicle identification number" [] TEXT, 17 => Maker(|| pattern("0000000[0-9]{10}")), "a number of no vehicle", "vehicles.vin";
    "plate|license plate|plate number|registration number|number plate|registration plate|plate no" [] TEXT, 8 => Maker(|| pattern("TEST [0-9]{3}")),
        "a plate of no country", "vehicles.license_plate";
    "imei" [] TEXT, 15 => Maker(|| pattern("00[0-9]{13}")), "a number for tests", "devices.imei";
    "serial|serial number|serial no" [] TEXT, 12 => Maker(|| pattern("SN[0-9]{10}")), "a serial number", "devices.serial_number";
    "tracking number|tracking code|tracking no|tracking|tracking id|awb|waybill" [] TEXT, 16 => Maker(|| pattern("TEST[0-9]{12}")), "a parcel of no carrier",
        "shipments.tracking_number";
    "npi|npi number|provider number" [] TEXT, 10 => Maker(|| pattern("0[0-9]{9}")), "a number of no doctor", "doctors.npi";
    "sku|sku code|stock keeping unit|item code|product code|article number|part number|model number|part no|item number|product number|article no|manufacturer part number|mpn|style number|item no|variant code|stock code"
        [] TEXT, 8 => By(sku), "a number of a product", "products.sku";
    "coupon code|promo code|discount code|voucher code|gift code|voucher|coupon|invite code|invitation code|referral code|activation code|promotion code|access code|join code|gift card code|redemption code"
        [] TEXT, 6 => By(coupon), "a code", "orders.coupon_code";
    "code" ["coupon", "voucher", "promotion", "discount", "gift", "invite", "invitation", "referral", "promo", "card"] TEXT, 6 => By(coupon), "a code", "coupons.code";
    "otp|pin|verification code|one time password|pin code|confirmation pin|otp code|passcode|two factor code" [] TEXT, 4 => By(pin), "digits", "logins.otp";
    "order number|invoice number|order no|invoice no|receipt number|ticket number|case number|policy number|contract number|purchase order|po number|reference number|reference|reference no|confirmation code|booking reference|confirmation number|booking number|reservation number|employee number|customer number|member number|account code|patient number|mrn|medical record number|insurance number|document number|employee no|customer no|member no|receipt no|claim number|batch number|lot number|job number|project number|project code|badge number|staff number|student number|student no|membership number|subscription number|transaction number|transaction ref|payment reference|order ref|order reference|external ref|external reference|booking code|locator|quote number|delivery number|shipment number|case no|ticket no|file number|matter number|asset tag|asset number|inventory number|customer code|employee code|prescription number|rx number|admission number|visit number|ref number|ref no|ref|insurance policy number|matriculation number|transaction reference|policy no|payment number|chart number|library card number|card id"
        [] TEXT, 6 => By(number), "numbered by the row", "orders.order_number";
    "order number|invoice number|order no|invoice no|receipt number|ticket number|case number|customer number|employee number|member number|po number|account number|document number|badge number|student number|patient number|card number|booking number|reference number|claim number|mrn"
        [] INT, 0 => Maker(|| MakerToml::new("sequence").with("start", 1001)), "numbered by the row", "invoices.invoice_number";
    "number|no" ["order", "invoice", "receipt", "ticket", "case", "policy", "contract", "purchase", "quote", "bill", "booking", "reservation", "payment", "shipment", "claim", "document", "issue"] TEXT, 6
        => By(number), "numbered by the row", "invoices.number";
    "number|no|iid|internal id" ["order", "invoice", "receipt", "ticket", "case", "policy", "contract", "purchase", "quote", "bill", "booking", "reservation", "issue", "pull", "request", "merge", "milestone"] INT, 0
        => Maker(|| MakerToml::new("sequence").with("start", 1)), "numbered by the row", "issues.number";
    "currency code|currency|currency iso|iso currency|ccy|currency iso code" [] TEXT, 3 => By(currency), "a currency's code", "orders.currency";
    "currency name" [] TEXT, 8 => crate::infer::names::rule::Make::Entry("currencies", 2), "a currency", "accounts.currency_name";
    "currency symbol|currency sign" [] TEXT, 3 => crate::infer::names::rule::Make::Entry("currencies", 3), "a currency's sign", "accounts.currency_symbol";
    "locale|locale code|ui locale|culture|preferred locale" [] TEXT, 5 => crate::infer::names::rule::Make::Entry("languages", 4), "a locale", "users.locale";
    "language tag|bcp 47|ietf tag" [] TEXT, 5 => crate::infer::names::rule::Make::Entry("languages", 5), "a language's tag", "pages.language_tag";
    "language code 3|iso 639 2|iso 639 3|iso 639 2 t" [] TEXT, 3 => crate::infer::names::rule::Make::Entry("languages", 3), "a language's code", "languages.iso_639_2";
    "language name" [] TEXT, 6 => crate::infer::names::rule::Make::Entry("languages", 1), "a language", "films.language_name";
    "language|language code|preferred language|spoken language|default language|source language|target language|ui language|interface language|original language"
        [] TEXT, 2 => crate::infer::names::rule::Make::Entry("languages", 2), "a language's code", "users.language";
    "model|model name|device model|model no" [] TEXT, 5 => Maker(|| pattern("[A-Z]{2}-[1-9][0-9]{2}")), "a model", "vehicles.model";
    "version|app version|api version|firmware|firmware version|release version|software version|os version|current version|min version|semver|browser version|version number|schema version|client version|server version|build version|version name|driver version|latest version|protocol version|number version"
        [] TEXT, 5 => Maker(|| pattern("[0-9]\\.[0-9]\\.[0-9]")), "a version", "apps.version";
    "=number|=name|=tag|number *" ["version", "release"] TEXT, 5 => Maker(|| pattern("[0-9]\\.[1-9]?[0-9]\\.[1-9]?[0-9]")), "a version", "versions.num";
    "version|lock version|revision|row version|version number|schema version|rev|revision number|version no|optlock|edition|edition number|iteration" [] INT, 0
        => Maker(|| MakerToml::new("integer").with("min", 1).with("max", 5)), "a version", "documents.lock_version";
    "uuid|guid|external id|request id|correlation id|trace id|transaction id|message id|public id|external uuid|unique id|object id|remote id|device id|client uuid|visitor id|tracking uuid|idempotency key|anonymous id|resource id|job id|event id|batch id|run id|payment intent id|charge id|customer uuid|user uuid|global id|foreign id|instance id|entity uuid"
        [] TEXT, 36 => Maker(|| MakerToml::new("uuid")), "a UUID", "requests.request_id";
    "uuid|guid|token|key|uid" [] UUID, 0 => Maker(|| MakerToml::new("uuid")), "a UUID", "requests.guid";
};

fn barcode(scene: &Scene) -> Option<Made> {
    let takes_all = scene.column.data_type.scalar() == Some(crate::copy::types::Scalar::Int8);
    let (min, max) = match takes_all {
        true => (2_000_000_000_000_i64, 2_999_999_999_999),
        false => (20_000_000, 29_999_999),
    };
    Some(Made::new(
        MakerToml::new("integer").with("min", min).with("max", max),
    ))
}

/// `PRODUCTS-…` would be too much: three letters and the row, or as many letters and digits as fit.
fn sku(scene: &Scene) -> Option<Made> {
    if scene.column.unique || scene.longest >= 12 {
        return Some(with_row(scene, "SKU-"));
    }
    Some(Made::new(pattern("[A-Z]{3}-[0-9]{4}")))
}

fn coupon(scene: &Scene) -> Option<Made> {
    let length = i64::from(scene.longest.min(10));
    Some(Made::new(
        MakerToml::new("code")
            .with("length", length)
            .with("alphabet", "A-Z0-9"),
    ))
}

fn pin(scene: &Scene) -> Option<Made> {
    Some(Made::new(pattern(if scene.longest < 6 {
        "[0-9]{4}"
    } else {
        "[0-9]{6}"
    })))
}

/// Letters for the kind of number, then the row.
fn number(scene: &Scene) -> Option<Made> {
    let name = scene.column.name.to_lowercase();
    let kinds = [
        ("order", "ORD-"),
        ("invoice", "INV-"),
        ("receipt", "REC-"),
        ("ticket", "TCK-"),
        ("case", "CAS-"),
        ("policy", "POL-"),
        ("contract", "CTR-"),
        ("po_", "PO-"),
        ("purchase", "PO-"),
        ("booking", "BKG-"),
        ("reservation", "RSV-"),
        ("employee", "E-"),
        ("staff", "E-"),
        ("customer", "C-"),
        ("member", "M-"),
        ("patient", "P-"),
        ("mrn", "MRN-"),
        ("medical", "MRN-"),
        ("student", "S-"),
        ("claim", "CLM-"),
        ("batch", "LOT-"),
        ("lot", "LOT-"),
        ("payment", "PAY-"),
        ("shipment", "SHP-"),
        ("project", "PRJ-"),
        ("asset", "AST-"),
        ("quote", "QUO-"),
        ("insurance", "INS-"),
    ];
    let of = |text: &str| {
        kinds
            .iter()
            .find(|(word, _)| text.contains(word))
            .map(|(_, letters)| *letters)
    };
    let letters = of(&name).or_else(|| of(scene.subject)).unwrap_or("REF-");
    Some(with_row(scene, letters))
}

fn with_row(scene: &Scene, letters: &str) -> Made {
    let (row, hidden) = scene.row();
    let made = Made::new(phrase(&[&format!("{letters}{{{row}}}")]));
    match hidden {
        Some((name, maker)) => made.with_hidden(&name, maker),
        None => made,
    }
}

/// Of a few large ones; in a table with their names, of the list.
fn currency(scene: &Scene) -> Option<Made> {
    if scene.subject == "country" {
        return Some(scene.entry("countries", 7));
    }
    let of_list = scene.sibling_in_words(&["currency name", "currency symbol", "name", "symbol"]);
    let is_about = scene.subject == "currency"
        || scene
            .sibling_in_words(&["currency name", "currency symbol"])
            .is_some();
    Some(match of_list.is_some() && is_about {
        true => scene.entry("currencies", 1),
        false => Made::new(one_of(
            &["USD", "EUR", "GBP", "CAD", "AUD", "JPY", "CHF"],
            &[10, 8, 4, 2, 1, 1, 1],
        )),
    })
}

/// Letters and digits, as many as fit.
fn code(scene: &Scene) -> Option<Made> {
    let length = i64::from(scene.longest.min(6));
    let maker = MakerToml::new("code")
        .with("length", length)
        .with("alphabet", "A-Z0-9");
    Some(Made::new(maker).guess())
}
