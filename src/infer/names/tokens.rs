//! Names of tables and columns → words: `billingAddr2`, `tbl_order_items` and `FK_UserId` in one form.
//!
//! Rules are written over these words alone, so that each spelling of a name is known in one place.

/// Spellings that mean the same; what is on the right is what rules are written in.
const SAME: &[(&str, &str)] = &[
    ("addr", "address"),
    ("adress", "address"),
    ("amt", "amount"),
    ("acct", "account"),
    ("authour", "author"),
    ("bday", "birthday"),
    ("birthdate", "birth date"),
    ("catalogue", "catalog"),
    ("cell", "phone"),
    ("cellphone", "phone"),
    ("checksum", "hash"),
    ("closedat", "closed at"),
    ("cnt", "count"),
    ("colour", "color"),
    ("colours", "colors"),
    ("createdat", "created at"),
    ("createdon", "created on"),
    ("curr", "currency"),
    ("deletedat", "deleted at"),
    ("dept", "department"),
    ("desc", "description"),
    ("descr", "description"),
    ("displayname", "display name"),
    ("dob", "birth date"),
    ("dt", "date"),
    ("emailaddress", "email address"),
    ("ext", "extension"),
    ("familyname", "last name"),
    ("filename", "file name"),
    ("filepath", "file path"),
    ("filesize", "file size"),
    ("firstname", "first name"),
    ("fname", "first name"),
    ("forename", "first name"),
    ("fullname", "full name"),
    ("givenname", "first name"),
    ("grey", "gray"),
    ("hostname", "host name"),
    ("hashed", "hash"),
    ("img", "image"),
    ("ipaddr", "ip address"),
    ("ipaddress", "ip address"),
    ("isactive", "is active"),
    ("jobtitle", "job title"),
    ("lang", "language"),
    ("lastname", "last name"),
    ("lat", "latitude"),
    ("licence", "license"),
    ("lname", "last name"),
    ("lng", "longitude"),
    ("lon", "longitude"),
    ("macaddress", "mac address"),
    ("maincode", "code"),
    ("middlename", "middle name"),
    ("mimetype", "mime type"),
    ("mname", "middle name"),
    ("mobile", "phone"),
    ("modifiedat", "modified at"),
    ("msg", "message"),
    ("nbr", "number"),
    ("nickname", "nick name"),
    ("nr", "number"),
    ("num", "number"),
    ("ordernumber", "order number"),
    ("org", "organization"),
    ("organisation", "organization"),
    ("pass", "password"),
    ("passwd", "password"),
    ("pct", "percent"),
    ("percentage", "percent"),
    ("phonenumber", "phone number"),
    ("pic", "picture"),
    ("postalcode", "postcode"),
    ("postcode", "postcode"),
    ("prio", "priority"),
    ("pwd", "password"),
    ("qty", "quantity"),
    ("surname", "last name"),
    ("tel", "phone"),
    ("telephone", "phone"),
    ("timezone", "time zone"),
    ("tz", "time zone"),
    ("ua", "user agent"),
    ("updatedat", "updated at"),
    ("uri", "url"),
    ("useragent", "user agent"),
    ("ver", "version"),
    ("yr", "year"),
    ("zip", "postcode"),
    ("zipcode", "postcode"),
    // German, French, Spanish, Portuguese, Italian, Dutch.
    ("vorname", "first name"),
    ("nachname", "last name"),
    ("familienname", "last name"),
    ("strasse", "street"),
    ("straße", "street"),
    ("hausnummer", "house number"),
    ("plz", "postcode"),
    ("postleitzahl", "postcode"),
    ("ort", "city"),
    ("stadt", "city"),
    ("telefon", "phone"),
    ("telefonnummer", "phone number"),
    ("geburtsdatum", "birth date"),
    ("geburtstag", "birthday"),
    ("preis", "price"),
    ("menge", "quantity"),
    ("anzahl", "count"),
    ("beschreibung", "description"),
    ("bezeichnung", "name"),
    ("titel", "title"),
    ("geschlecht", "gender"),
    ("firma", "company"),
    ("kunde", "customer"),
    ("kunden", "customer"),
    ("benutzer", "user"),
    ("mitarbeiter", "employee"),
    ("produkt", "product"),
    ("produkte", "product"),
    ("bestellung", "order"),
    ("rechnung", "invoice"),
    ("nom", "name"),
    ("prenom", "first name"),
    ("prénom", "first name"),
    ("ville", "city"),
    ("rue", "street"),
    ("pays", "country"),
    ("prix", "price"),
    ("telefono", "phone"),
    ("teléfono", "phone"),
    ("adresse", "address"),
    ("codepostal", "postcode"),
    ("nombre", "name"),
    ("apellido", "last name"),
    ("apellidos", "last name"),
    ("ciudad", "city"),
    ("calle", "street"),
    ("precio", "price"),
    ("correo", "email"),
    ("direccion", "address"),
    ("dirección", "address"),
    ("cidade", "city"),
    ("rua", "street"),
    ("preco", "price"),
    ("preço", "price"),
    ("sobrenome", "last name"),
    ("nome", "name"),
    ("cognome", "last name"),
    ("citta", "city"),
    ("città", "city"),
    ("indirizzo", "address"),
    ("prezzo", "price"),
    ("voornaam", "first name"),
    ("achternaam", "last name"),
    ("straat", "street"),
    ("plaats", "city"),
    ("prijs", "price"),
    ("klant", "customer"),
    ("cliente", "customer"),
    ("clientes", "customer"),
    ("utilisateur", "user"),
    ("usuario", "user"),
    ("usuarios", "user"),
    ("produit", "product"),
    ("producto", "product"),
    ("productos", "product"),
    ("produto", "product"),
    ("produtos", "product"),
];

/// Two words that are one thing.
const PAIRS: &[(&str, &str, &str)] = &[
    ("e", "mail", "email"),
    ("postal", "code", "postcode"),
    ("code", "postal", "postcode"),
    ("post", "code", "postcode"),
    ("postcode", "code", "postcode"),
    ("family", "name", "last name"),
    ("given", "name", "first name"),
    ("sur", "name", "last name"),
    ("user", "name", "username"),
    ("date", "created", "created date"),
    ("date", "updated", "updated date"),
    ("date", "modified", "modified date"),
    ("date", "deleted", "deleted date"),
    ("date", "added", "created date"),
];

/// A column's name in words, in order.
pub fn of_column(name: &str) -> Vec<String> {
    let mut words = of_name(name);
    if words.len() > 1 && words.first().is_some_and(|word| word == "fk") {
        words.remove(0);
    }
    words
}

/// What a row of a table is, in words: the last is the noun (`app_user_profiles` → `user profile`).
pub fn of_table(name: &str) -> Vec<String> {
    let mut words: Vec<String> = of_name(name).iter().map(|word| singular(word)).collect();
    while words.len() > 1 && words.last().is_some_and(|it| SAYS_NOTHING.contains(&&**it)) {
        words.pop();
    }
    while words.len() > 1
        && words
            .first()
            .is_some_and(|it| SAYS_NOTHING.contains(&&**it))
    {
        words.remove(0);
    }
    words
}

/// Parts of tables' names that don't say what a row is.
const SAYS_NOTHING: &[&str] = &[
    "tbl", "table", "data", "info", "detail", "record", "master", "archive", "backup", "tmp",
    "temp", "old", "t", "tb", "dim", "fact", "stg", "raw", "app", "public",
];

fn of_name(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for part in split(name) {
        let same = SAME.iter().find(|(spelling, _)| *spelling == part);
        let meaning = same.map_or(&*part, |(_, meaning)| meaning);
        words.extend(meaning.split(' ').map(str::to_owned));
    }
    for (first, second, meaning) in PAIRS {
        let found = words
            .windows(2)
            .position(|it| it[0] == *first && it[1] == *second);
        if let Some(at) = found {
            words.splice(at..at + 2, meaning.split(' ').map(str::to_owned));
        }
    }
    words
}

/// Lower-case parts between separators, at capitals and where digits begin or end.
fn split(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut parts = vec![String::new()];
    for (index, &letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|it| letters[it]);
        let after = letters.get(index + 1);
        let begins = match before {
            Some(before) if letter.is_uppercase() => {
                before.is_lowercase()
                    || before.is_uppercase() && after.is_some_and(|it| it.is_lowercase())
            }
            Some(before) => before.is_numeric() != letter.is_numeric(),
            None => false,
        };
        if begins || !letter.is_alphanumeric() {
            parts.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(part) = parts.last_mut()
        {
            part.extend(letter.to_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// A noun in the singular, as far as endings tell.
pub fn singular(word: &str) -> String {
    let irregular = [
        ("people", "person"),
        ("children", "child"),
        ("staff", "staff"),
        ("news", "news"),
        ("series", "series"),
        ("addresses", "address"),
        ("statuses", "status"),
        ("movies", "movie"),
        ("cookies", "cookie"),
        ("diagnoses", "diagnosis"),
        ("analyses", "analysis"),
    ];
    if let Some((_, one)) = irregular.iter().find(|(many, _)| *many == word) {
        return (*one).to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|it| it.len() > 1) {
        return format!("{stem}y");
    }
    for ending in ["sses", "xes", "ches", "shes", "zes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    let keeps = ["ss", "us", "is"].iter().any(|it| word.ends_with(it));
    match word.strip_suffix('s') {
        Some(stem) if !keeps && stem.len() > 2 => stem.to_owned(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_column_has_one_form() {
        for (name, words) in [
            ("first_name", "first name"),
            ("firstName", "first name"),
            ("FirstName", "first name"),
            ("fname", "first name"),
            ("surname", "last name"),
            ("billing_addr2", "billing address 2"),
            ("UserID", "user id"),
            ("FK_UserId", "user id"),
            ("zip", "postcode"),
            ("zip_code", "postcode"),
            ("postal-code", "postcode"),
            ("dob", "birth date"),
            ("date_created", "created date"),
            ("sha256", "sha 256"),
            ("HTTPStatus", "http status"),
            ("user_name", "username"),
            ("qty", "quantity"),
            ("größe", "größe"),
            ("__x__", "x"),
            ("", ""),
        ] {
            assert_eq!(of_column(name).join(" "), words, "{name}");
        }
    }

    #[test]
    fn a_table_is_what_one_row_is() {
        for (name, words) in [
            ("users", "user"),
            ("tbl_order_items", "order item"),
            ("categories", "category"),
            ("people", "person"),
            ("user_details", "user"),
            ("AddressBook", "address book"),
            ("addresses", "address"),
            ("statuses", "status"),
            ("boxes", "box"),
            ("data", "data"),
            ("movies", "movie"),
        ] {
            assert_eq!(of_table(name).join(" "), words, "{name}");
        }
    }
}
