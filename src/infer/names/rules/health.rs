//! What words mean in a clinic: how a medication is taken, how many beds a room has.

use crate::infer::domain::MakerToml;
use crate::infer::names::made::one_of;
use crate::infer::names::rule::Make::{Entry, Maker, Number};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::types::{INT, TEXT};

/// Rules about clinics.
pub const RULES: &[Rule] = rules! {
    "frequency|schedule|how often|interval" ["prescription", "medication", "drug", "medicine", "dosage", "dose"] TEXT, 12 => Maker(how_often),
        "how often a medication is taken", "prescriptions.frequency";
    "instructions|note|notes|directions|remarks" ["prescription", "medication", "drug", "medicine", "dosage"] TEXT, 12
        => Entry("directions", 1), "how a medication is taken", "prescriptions.instructions";
    "unit|dosage unit|dispensing unit" ["medication", "drug", "medicine", "prescription"] TEXT, 5 => Entry("medications", 3), "a form of medicine",
        "medications.unit";
    "capacity|seats|beds" ["room", "ward"] INT, 0 => Number(1.0, 3.0, 30.0), "how many find room", "rooms.capacity";
};

fn how_often() -> MakerToml {
    let often = [
        "once a day",
        "twice a day",
        "three times a day",
        "every 8 hours",
        "at bedtime",
        "as needed",
    ];
    one_of(&often, &[8, 6, 4, 2, 2, 3])
}
