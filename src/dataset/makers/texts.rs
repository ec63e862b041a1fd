//! Texts that nothing of the dataset's own goes into.

use anyhow::{Result, bail};

use crate::dataset::document::{Section, TomlValue, did_you_mean};
use crate::dataset::fakers::{FAKERS, Faker};
use crate::dataset::makers::{Maker, MakerScope, MakerSpec};

/// A pool is drawn before the first row and stays in memory: this many paragraphs take 35 MB and some seconds.
const LARGEST_POOL: u32 = 100_000;

/// Values of the `fake` package, from a pool drawn once.
#[derive(Debug)]
pub struct Fake {
    /// Which.
    pub faker: &'static Faker,
    /// How many are drawn.
    pub pool: u32,
}

/// Reads `make = "fake"`.
pub fn fake(section: &Section, _: &MakerScope) -> Result<Maker> {
    let value = section.need("faker")?;
    let name = value.text()?;
    let Some(faker) = FAKERS.iter().find(|faker| faker.name == name) else {
        let advice = did_you_mean(name, FAKERS.iter().map(|faker| faker.name));
        bail!(value.error(format!("unknown faker `{name}`; {advice}")));
    };
    let pool = section.get("pool");
    let count = pool.as_ref().map_or(Ok(4096), TomlValue::integer)?;
    match u32::try_from(count) {
        Ok(pool @ 1..=LARGEST_POOL) => Ok(Maker::Fake(Fake { faker, pool })),
        _ => bail!(section.error(format!(
            "a pool of {count} values; 1 to 100,000 are possible"
        ))),
    }
}

impl MakerSpec for Fake {}

/// So many random hexadecimal digits.
#[derive(Debug)]
pub struct Hex {
    /// How many.
    pub digits: u8,
}

/// Reads `make = "hex"`.
pub fn hex(section: &Section, _: &MakerScope) -> Result<Maker> {
    let value = section.need("digits")?;
    match u8::try_from(value.integer()?) {
        Ok(digits @ 1..=16) => Ok(Maker::Hex(Hex { digits })),
        _ => bail!(value.error("1 to 16 digits are possible")),
    }
}

impl MakerSpec for Hex {
    fn longest(&self) -> Option<u32> {
        Some(self.digits.into())
    }

    fn domain(&self) -> u128 {
        1 << (4 * u32::from(self.digits))
    }
}
