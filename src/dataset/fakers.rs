//! The `fake` package's fakers that a dataset can name.
//!
//! Drawn with a generator that is the same on every platform (`SmallRng` is not), and only into pools: a faker takes
//! 100 to 800 ns a value, a pool's entry about 10.

use fake::Fake;
use fake::faker::{
    address, company, creditcard, filesystem, internet, job, lorem, name, phone_number,
};
use fake::rand::SeedableRng;
use fake::rand::rngs::Xoshiro256PlusPlus;

/// A named faker.
pub struct Faker {
    /// Its name in a dataset.
    pub name: &'static str,
    draw: fn(&mut Xoshiro256PlusPlus) -> String,
}

impl std::fmt::Debug for Faker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faker")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Faker {
    /// `count` values; line breaks inside one become spaces.
    pub fn values(&self, seed: u64, count: u32) -> impl Iterator<Item = String> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        (0..count).map(move |_| (self.draw)(&mut random).replace(['\n', '\r'], " "))
    }
}

macro_rules! fakers {
    ($($name:literal => $faker:expr),* $(,)?) => {
        &[$(Faker { name: $name, draw: |random| $faker.fake_with_rng::<String, _>(random) }),*]
    };
}

/// Every faker, in English.
pub const FAKERS: &[Faker] = fakers! {
    "name" => name::en::Name(),
    "name-with-title" => name::en::NameWithTitle(),
    "first-name" => name::en::FirstName(),
    "last-name" => name::en::LastName(),
    "username" => internet::en::Username(),
    "email" => internet::en::SafeEmail(),
    "user-agent" => internet::en::UserAgent(),
    "domain-suffix" => internet::en::DomainSuffix(),
    "company" => company::en::CompanyName(),
    "catch-phrase" => company::en::CatchPhrase(),
    "bs" => company::en::Bs(),
    "buzzword" => company::en::Buzzword(),
    "profession" => company::en::Profession(),
    "industry" => company::en::Industry(),
    "job-title" => job::en::Title(),
    "job-field" => job::en::Field(),
    "city" => address::en::CityName(),
    "street" => address::en::StreetName(),
    "state" => address::en::StateName(),
    "state-abbreviation" => address::en::StateAbbr(),
    "country" => address::en::CountryName(),
    "country-code" => address::en::CountryCode(),
    "zip-code" => address::en::ZipCode(),
    "building-number" => address::en::BuildingNumber(),
    "phone-number" => phone_number::en::PhoneNumber(),
    "credit-card-number" => creditcard::en::CreditCardNumber(),
    "file-name" => filesystem::en::FileName(),
    "mime-type" => filesystem::en::MimeType(),
    "word" => lorem::en::Word(),
    "sentence" => lorem::en::Sentence(5..10),
    "paragraph" => lorem::en::Paragraph(2..4),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_faker_is_fixed_by_its_seed_and_fits_on_a_line() {
        for faker in FAKERS {
            let pool: Vec<String> = faker.values(42, 50).collect();
            assert!(
                faker.values(42, 50).eq(pool.iter().cloned()),
                "{}",
                faker.name
            );
            assert!(
                pool.iter().all(|v| !v.is_empty() && !v.contains('\n')),
                "{}: {pool:?}",
                faker.name
            );
        }
    }

    #[test]
    fn names_are_distinct() {
        let names: std::collections::BTreeSet<_> = FAKERS.iter().map(|faker| faker.name).collect();
        assert_eq!(names.len(), FAKERS.len());
    }
}
