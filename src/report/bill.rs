//! What a run would cost, as a table for people and as JSON. Computes nothing.

use serde_json::{Value, json};

use super::connections::columns;
use super::words;
use crate::analysis::{Bill, Charge, Item};

/// The bill for people: a line for each device that something was charged or free for, and the sum. Empty where nothing
/// was used.
pub(crate) fn text(bill: &Bill) -> String {
    let used: Vec<&Charge> = bill.charges.iter().filter(|charge| 0 < charge.quantity).collect();
    if used.is_empty() {
        return String::new();
    }
    let mut rows: Vec<Vec<String>> = used
        .iter()
        .map(|charge| {
            let (quantity, unit) = match charge.item {
                Item::NatGatewayHours => (words::counted(charge.quantity, "hour"), "an hour"),
                Item::NatGateway | Item::Internet | Item::Endpoint => (words::bytes_text(charge.quantity), "a GB"),
            };
            let price = match (charge.price.0, charge.item) {
                (0, Item::Endpoint) => "free [R55]".to_owned(),
                (0, _) => "free".to_owned(),
                _ => format!("{} {unit}", charge.price),
            };
            let what = if charge.item == Item::NatGatewayHours { String::new() } else { charge.item.text().to_owned() };
            vec![charge.name.clone(), quantity, what, price, charge.cost.to_string()]
        })
        .collect();
    let sum = bill.of("all").unwrap_or_default();
    rows.push(vec!["all".to_owned(), String::new(), String::new(), String::new(), sum.to_string()]);
    format!("\ncost\n{}", columns(&rows, "  "))
}

/// The bill as an array of objects with `for`, `name`, `bytes` or `hours`, `price_usd`, `cost_usd`.
pub(crate) fn json(bill: &Bill) -> Value {
    let usd = |dollars: crate::analysis::Dollars| dollars.0 as f64 / 1e9;
    let charge = |charge: &Charge| {
        let unit = if charge.item == Item::NatGatewayHours { "hours" } else { "bytes" };
        json!({
            "for": charge.item.word(), "name": charge.name, unit: charge.quantity,
            "price_usd": usd(charge.price), "cost_usd": usd(charge.cost),
        })
    };
    bill.charges.iter().map(charge).collect()
}
