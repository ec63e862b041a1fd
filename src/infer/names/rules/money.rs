//! Money: prices, amounts and rates, with the decimals of the column.

use crate::infer::names::made::one_of;
use crate::infer::names::rule::Make::{By, Number};
use crate::infer::names::rule::{Made, Scene};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::rules::sums;
use crate::infer::names::types::{FRACTION, INT, NUMBER, TEXT};

/// Rules about money.
pub const RULES: &[Rule] = rules! {
    "tax rate|vat rate|interest rate|discount rate|discount percent|tax percent|commission rate|commission percent|vat percent|markup|margin percent|apr"
        [] FRACTION, 0 => By(rate), "a rate", "products.tax_rate";
    "tax rate|vat rate|interest rate|discount rate|discount percent|tax percent|commission percent|vat percent" [] INT, 0
        => Number(0.0, 0.0, 25.0), "a rate in percent", "products.vat_rate";
    "exchange rate|conversion rate|fx rate" [] FRACTION, 0 => Number(0.5, 0.0, 2.0), "an exchange rate", "rates.exchange_rate";
    "salary|annual salary|base salary|yearly salary|income|annual income|salary min|min salary|salary max|max salary|gross salary" [] NUMBER, 0
        => Number(28_000.0, 52_000.0, 180_000.0), "a yearly salary", "employees.salary";
    "hourly rate|wage|rate per hour|hourly wage|pay rate" [] NUMBER, 0 => Number(15.0, 0.0, 120.0), "an hourly rate", "contracts.hourly_rate";
    "revenue|budget|annual revenue|turnover|market cap|valuation|total budget|funding|goal amount|credit limit|loan amount|principal|estimated value|deal value"
        [] NUMBER, 0 => Number(1_000.0, 40_000.0, 5_000_000.0), "an amount", "projects.budget";
    "cents|price cents|amount cents|total cents|cost cents|fee cents|price in cents|amount in cents|total in cents|subtotal cents|tax cents|balance cents|minor units|pence"
        [] INT, 0 => Number(100.0, 4_000.0, 200_000.0), "an amount in cents", "orders.total_cents";
    "discount|discount amount|discount total|rebate|discount value|coupon amount|total discount|discounts" [] NUMBER, 0 => By(sums::discount),
        "a discount", "orders.discount";
    "tax|tax amount|vat|vat amount|total tax|sales tax|tax total|taxes|gst" [] NUMBER, 0 => By(sums::tax), "a tax", "orders.tax";
    "fee|fees|shipping|shipping cost|shipping fee|shipping price|freight|delivery fee|postage|shipping amount|surcharge|tip|gratuity|commission|late fee|fine|fine amount|deposit|copay|co pay|service fee|processing fee"
        [] NUMBER, 0 => Number(1.0, 6.0, 60.0), "a fee", "orders.shipping_fee";
    "price|list price|sale price|asking price|cost|purchase price|value|amount" ["vehicle", "car", "house", "property", "apartment", "home", "truck", "boat", "estate", "land"] NUMBER, 0
        => Number(3_000.0, 24_000.0, 900_000.0), "a price", "vehicles.price";
    "price|unit price|list price|sale price|retail price|price each|selling price|regular price|base price|cost|unit cost|standard cost|msrp|cost price|purchase price|wholesale price|rent|price per unit|price per night|daily rate|nightly rate|rental rate|min price|max price|starting price|compare at price|original price|item price|ticket price|bid|bid amount"
        [] NUMBER, 0 => Number(1.0, 40.0, 2_000.0), "a price", "products.price";
    "amount|total|total amount|subtotal|sub total|grand total|total price|total cost|net amount|gross amount|net|gross|order total|amount due|amount paid|total paid|paid amount|line total|invoice total|amount total|payment amount|extended price|item total|order amount|refund amount|net total|gross total|payment|sum|balance|account balance|current balance|balance due|outstanding|outstanding balance|opening balance|closing balance|credit|debit|charge|charges|bill amount|claim amount|premium|copay amount|coverage amount|spent|total spent|lifetime value|earnings|profit|value amount|donation|pledge|payout|credit amount|debit amount"
        [] FRACTION, 0 => By(sums::amount), "an amount", "payments.amount";
    "amount|total amount|subtotal|sub total|grand total|total price|total cost|balance|order total|amount due|amount paid|line total|net amount|gross amount"
        [] INT, 0 => By(sums::amount), "an amount", "accounts.balance";
    "price|cost|amount|total" [] TEXT, 7 => By(priced), "a price", "offers.price";
    "price range|price level" [] TEXT, 3 => By(range), "a range of prices", "restaurants.price_range";
};

/// As a fraction where the column has more decimals than whole digits, else in percent.
fn rate(scene: &Scene) -> Option<Made> {
    let maker = scene.number(0.0, 0.0, 25.0);
    let is_small = matches!(maker.option("max"), Some(crate::infer::domain::Value::Float(max)) if *max < 10.0)
        || matches!(maker.option("max"), Some(crate::infer::domain::Value::Integer(max)) if *max < 10);
    let scale = match maker.option("scale") {
        Some(crate::infer::domain::Value::Integer(scale)) => *scale,
        _ => 2,
    };
    Some(Made::new(match is_small || scale >= 3 {
        true => scene.number(0.0, 0.0, 0.25),
        false => maker,
    }))
}

fn priced(_: &Scene) -> Option<Made> {
    Some(Made::new(crate::infer::names::made::pattern(
        "[1-9][0-9]{0,2}\\.[0-9]{2}",
    )))
}

fn range(_: &Scene) -> Option<Made> {
    Some(Made::new(one_of(&["$", "$$", "$$$"], &[4, 5, 2])))
}
