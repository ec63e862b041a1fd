//! LIKE, SIMILAR TO and what a text must not match, as regular expressions that it must match.

/// A text as a regular expression that matches it alone.
pub fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for character in text.chars() {
        if "\\^$.|?*+()[]{}".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

/// A LIKE pattern as a regular expression; `None` where its escape is cut off.
pub fn of_like(like: &str) -> Option<String> {
    let mut pattern = String::from("^");
    let mut characters = like.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => pattern.push_str(".*"),
            '_' => pattern.push('.'),
            '\\' => pattern.push_str(&escaped(&characters.next()?.to_string())),
            other => pattern.push_str(&escaped(&other.to_string())),
        }
    }
    pattern.push('$');
    Some(pattern)
}

/// A SIMILAR TO pattern as a regular expression.
pub fn of_similar(similar: &str) -> Option<String> {
    let mut pattern = String::from("^(?:");
    let mut characters = similar.chars();
    let mut in_class = false;
    while let Some(character) = characters.next() {
        match character {
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
        match character {
            '%' if !in_class => pattern.push_str(".*"),
            '_' if !in_class => pattern.push('.'),
            '.' | '^' | '$' if !in_class => {
                pattern.push('\\');
                pattern.push(character);
            }
            '\\' => pattern.push_str(&escaped(&characters.next()?.to_string())),
            other => pattern.push(other),
        }
    }
    pattern.push_str(")$");
    Some(pattern)
}

/// The regular expression of the texts that a simple one doesn't match: of one character or one class of characters, maybe
/// at the start or the end.
pub fn complement(pattern: &str) -> Option<String> {
    let (start, rest) = match pattern.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, pattern),
    };
    let (end, rest) = match rest.strip_suffix('$') {
        Some(rest) if !rest.ends_with('\\') => (true, rest),
        _ => (false, rest),
    };
    // What is repeated once is found once.
    let rest = rest
        .strip_suffix('+')
        .filter(|_| !start && !end && rest.len() > 1)
        .unwrap_or(rest);
    let (before, behind) = (rest.starts_with(".*"), rest.ends_with(".*"));
    if start && (!end || (behind && !before)) {
        let class = negated_class(rest.strip_suffix(".*").unwrap_or(rest))?;
        return Some(format!("^({class}.*)?$"));
    }
    if end && (!start || (before && !behind)) {
        let class = negated_class(rest.strip_prefix(".*").unwrap_or(rest))?;
        return Some(format!("^(.*{class})?$"));
    }
    if start {
        let inner = rest.strip_prefix(".*").and_then(|it| it.strip_suffix(".*"));
        return Some(format!("^{}*$", negated_class(inner?)?));
    }
    Some(format!("^{}*$", negated_class(rest)?))
}

/// The class of all characters but those of a class, an escape or a single character.
fn negated_class(class: &str) -> Option<String> {
    let mut characters = class.chars();
    let (first, second, third) = (characters.next()?, characters.next(), characters.next());
    match (first, second, third) {
        ('\\', Some(letter), None) => Some(match letter {
            's' | 'd' | 'w' => format!("\\{}", letter.to_ascii_uppercase()),
            'S' | 'D' | 'W' => format!("\\{}", letter.to_ascii_lowercase()),
            letter if letter.is_alphanumeric() => return None,
            other => format!("[^\\{other}]"),
        }),
        ('[', Some(_), Some(_)) => {
            let inner = class.strip_prefix('[')?.strip_suffix(']')?;
            let is_one = is_one_class(inner);
            let positive = inner.strip_prefix('^').map(|rest| format!("[{rest}]"));
            is_one.then(|| positive.unwrap_or_else(|| format!("[^{inner}]")))
        }
        ('.' | '*' | '+' | '?' | '(' | ')' | '{' | '}' | '|' | ']', ..) => None,
        (character, None, None) => Some(format!("[^{character}]")),
        _ => None,
    }
}

/// Whether brackets' inside ends where the text does, and not in a class before.
fn is_one_class(inner: &str) -> bool {
    let inner = inner.strip_prefix('^').unwrap_or(inner);
    let inner = inner.strip_prefix(']').unwrap_or(inner);
    let mut depth = 0_i32;
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '[' if characters.peek() == Some(&':') => depth += 1,
            ']' if depth > 0 => depth -= 1,
            ']' => return false,
            _ => {}
        }
    }
    true
}

/// A pattern that matches letters of either case, where it is made of single letters.
pub fn both_cases(pattern: &str) -> String {
    let mut characters = pattern.chars();
    match (characters.next(), characters.next()) {
        (Some(letter), None) if letter.is_ascii_alphabetic() => {
            format!(
                "[{}{}]",
                letter.to_ascii_lowercase(),
                letter.to_ascii_uppercase()
            )
        }
        _ if pattern.chars().any(char::is_alphabetic) => format!("({pattern})"),
        _ => pattern.to_owned(),
    }
}
