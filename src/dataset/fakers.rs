//! The `fake` package's fakers that a dataset can name.
//!
//! Drawn with a generator that is the same on every platform (`SmallRng` is not), and only into pools: a faker takes
//! 100 to 800 ns a value, a pool's entry about 10.

use fake::Fake;
use fake::faker::{address, company, filesystem, internet, job, lorem, name};
use fake::rand::rngs::Xoshiro256PlusPlus;
use fake::rand::{Rng, RngExt, SeedableRng};

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

/// A text with random digits: `%` is any, `###` an area of the North American plan. Numbers behind `555-01` are kept for
/// fiction in each area, and no card's number begins with 9999: those of the `fake` package could be somebody's.
struct Shape(&'static str);

impl Shape {
    fn fake_with_rng<T: From<String>, R: Rng>(&self, random: &mut R) -> T {
        let hundreds: u16 = random.random_range(2..=9);
        let area = hundreds * 100 + random.random_range(1..=9u16);
        let digit = |character: char| match character {
            '%' => char::from(b'0' + random.random_range(0..=9u8)),
            other => other,
        };
        let text = self.0.replace("###", &area.to_string());
        T::from(text.chars().map(digit).collect::<String>())
    }
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
    "phone-number" => Shape("(###) 555-01%%"),
    "credit-card-number" => Shape("9999 %%%% %%%% %%%%"),
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
    fn nothing_could_be_somebodys() {
        let of = |name: &str| -> Vec<String> {
            let faker = FAKERS.iter().find(|it| it.name == name).unwrap();
            faker.values(42, 200).collect()
        };
        for email in of("email") {
            let domain = email.rsplit('@').next().unwrap();
            assert!(
                ["example.com", "example.org", "example.net"].contains(&domain),
                "{email}"
            );
        }
        for phone in of("phone-number") {
            let (area, number) = phone.split_once(' ').unwrap();
            assert!(area.len() == 5 && number.starts_with("555-01"), "{phone}");
        }
        for card in of("credit-card-number") {
            assert!(card.starts_with("9999 ") && card.len() == 19, "{card}");
        }
    }

    #[test]
    fn names_are_distinct() {
        let names: std::collections::BTreeSet<_> = FAKERS.iter().map(|faker| faker.name).collect();
        assert_eq!(names.len(), FAKERS.len());
    }
}
