//! The printed text of a constraint → [`Term`]. sqlparser reads the expression; what it made of it is put into one form.

use sqlparser::ast::{self as sql, Expr};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::constant;
use super::term::{Constant, Op, Term};
use crate::copy::{DataType, Scalar, TypeKind};

/// Expressions nest this deep at most: printed ones have a pair of parentheses a level.
const DEEPEST: usize = 400;

/// What names mean: the columns with their types, or a domain's VALUE as the only one.
pub struct Names<'a>(pub Vec<(&'a str, &'a DataType)>);

type Read = Result<Term, String>;

/// Reads `CHECK (…)` with what may follow it, or a bare expression. The error says what isn't understood.
pub fn parse(text: &str, names: &Names) -> Read {
    let text = text.trim();
    let text = text.strip_prefix("CHECK ").unwrap_or(text);
    let parser = Parser::new(&PostgreSqlDialect {}).with_recursion_limit(DEEPEST);
    let mut parser = parser.try_with_sql(text).map_err(|it| it.to_string())?;
    let expression = parser.parse_expr().map_err(|it| it.to_string())?;
    names.term(&expression)
}

impl Names<'_> {
    fn term(&self, expression: &Expr) -> Read {
        Ok(match expression {
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => self.term(inner)?,
            Expr::Identifier(name) => Term::Column(self.column(name)?),
            Expr::CompoundIdentifier(parts) => match parts.last() {
                Some(name) => Term::Column(self.column(name)?),
                None => return Err("an empty name".into()),
            },
            Expr::Value(value) => Term::Constant(literal(&value.value)?),
            Expr::Cast {
                expr, data_type, ..
            } => self.cast(expr, data_type)?,
            Expr::UnaryOp { op, expr } => self.unary(*op, expr)?,
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right)?,
            Expr::IsNull(inner) => Term::IsNull(self.boxed(inner)?),
            Expr::IsNotNull(inner) => not(Term::IsNull(self.boxed(inner)?)),
            Expr::IsTrue(inner) => Term::Is(self.boxed(inner)?, true),
            Expr::IsNotTrue(inner) => not(Term::Is(self.boxed(inner)?, true)),
            Expr::IsFalse(inner) => Term::Is(self.boxed(inner)?, false),
            Expr::IsNotFalse(inner) => not(Term::Is(self.boxed(inner)?, false)),
            Expr::IsUnknown(inner) => Term::IsNull(self.boxed(inner)?),
            Expr::IsNotUnknown(inner) => not(Term::IsNull(self.boxed(inner)?)),
            Expr::IsDistinctFrom(a, b) => Term::Distinct(self.boxed(a)?, self.boxed(b)?),
            Expr::IsNotDistinctFrom(a, b) => not(Term::Distinct(self.boxed(a)?, self.boxed(b)?)),
            Expr::AnyOp {
                left,
                compare_op,
                right,
                ..
            } => self.quantified(left, compare_op, right, true)?,
            Expr::AllOp {
                left,
                compare_op,
                right,
            } => self.quantified(left, compare_op, right, false)?,
            Expr::Array(array) => self.array(&array.elem)?,
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => self.case(operand.as_deref(), conditions, else_result.as_deref())?,
            Expr::Function(function) => self.function(function)?,
            other => self.written_specially(other)?,
        })
    }

    /// The forms of SQL that are functions or operators in words.
    fn written_specially(&self, expression: &Expr) -> Read {
        match expression {
            Expr::Extract { field, expr, .. } => {
                let field = Term::text(field.to_string().to_lowercase());
                Ok(constant::folded("date_part", vec![field, self.term(expr)?]))
            }
            Expr::Position { expr, r#in } => self.call("strpos", &[r#in, expr]),
            Expr::Ceil { expr, .. } => self.call("ceil", &[expr]),
            Expr::Floor { expr, .. } => self.call("floor", &[expr]),
            Expr::Substring {
                expr,
                substring_from,
                substring_for,
                ..
            } => {
                let rest = [substring_from.as_deref(), substring_for.as_deref()];
                let all: Vec<&Expr> = [&**expr]
                    .into_iter()
                    .chain(rest.into_iter().flatten())
                    .collect();
                self.call("substring", &all)
            }
            Expr::Trim {
                trim_where,
                trim_what,
                expr,
                ..
            } => {
                let name = match trim_where {
                    Some(sql::TrimWhereField::Leading) => "ltrim",
                    Some(sql::TrimWhereField::Trailing) => "rtrim",
                    Some(sql::TrimWhereField::Both) | None => "btrim",
                };
                let all: Vec<&Expr> = [Some(&**expr), trim_what.as_deref()]
                    .into_iter()
                    .flatten()
                    .collect();
                self.call(name, &all)
            }
            Expr::Interval(interval) => self.interval(&interval.value),
            other => self.predicate(other),
        }
    }

    fn interval(&self, value: &Expr) -> Read {
        let text = self.term(value)?;
        let text = text
            .as_text()
            .ok_or("an interval of something else than text")?;
        constant::interval(text)
            .map(|it| Term::Constant(Constant::Interval(it)))
            .ok_or(format!("interval {text}"))
    }

    /// `BETWEEN`, `IN` and patterns.
    fn predicate(&self, expression: &Expr) -> Read {
        match expression {
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => {
                let of = self.term(expr)?;
                let least = compare(Op::GreaterOrEqual, of.clone(), self.term(low)?);
                let most = compare(Op::LessOrEqual, of, self.term(high)?);
                Ok(negate_if(*negated, Term::And(vec![least, most])))
            }
            Expr::In {
                expr,
                target: sql::InTarget::List(list),
                negated,
                ..
            } => {
                let list = Box::new(self.array(list)?);
                let any = Term::AnyOf(Op::Equal, self.boxed(expr)?, list);
                Ok(negate_if(*negated, any))
            }
            Expr::Like {
                negated,
                expr,
                pattern,
                ..
            } => self.matched("~~", *negated, expr, pattern),
            Expr::ILike {
                negated,
                expr,
                pattern,
                ..
            } => self.matched("~~*", *negated, expr, pattern),
            Expr::SimilarTo {
                negated,
                expr,
                pattern,
                ..
            } => {
                let pattern = self.call("similar_to_escape", &[pattern])?;
                let call = Term::Call("~".into(), vec![self.term(expr)?, pattern]);
                Ok(negate_if(*negated, call))
            }
            other => Err(format!("{other}")),
        }
    }

    fn boxed(&self, expression: &Expr) -> Result<Box<Term>, String> {
        self.term(expression).map(Box::new)
    }

    fn column(&self, name: &sql::Ident) -> Result<usize, String> {
        let is_named = |own: &str| match name.quote_style {
            Some(_) => own == name.value,
            None => own == name.value.to_lowercase(),
        };
        let found = self.0.iter().position(|(own, _)| is_named(own));
        found.ok_or_else(|| format!("no column {}", name.value))
    }

    fn matched(&self, sign: &str, negated: bool, text: &Expr, pattern: &Expr) -> Read {
        Ok(negate_if(negated, self.call(sign, &[text, pattern])?))
    }

    fn call(&self, name: &str, arguments: &[&Expr]) -> Read {
        let terms: Result<Vec<Term>, String> = arguments.iter().map(|it| self.term(it)).collect();
        Ok(constant::folded(name, terms?))
    }

    fn array(&self, elements: &[Expr]) -> Read {
        let terms: Vec<Term> = elements
            .iter()
            .map(|it| self.term(it))
            .collect::<Result<_, _>>()?;
        let constant = |term: &Term| match term {
            Term::Constant(Constant::Text(text)) => Some(Some(text.clone())),
            Term::Constant(Constant::Null) => Some(None),
            _ => None,
        };
        let constants: Option<Vec<Option<String>>> = terms.iter().map(constant).collect();
        Ok(match constants {
            Some(texts) => Term::Constant(Constant::Array(texts)),
            None => Term::Array(terms),
        })
    }

    fn case(
        &self,
        operand: Option<&Expr>,
        branches: &[sql::CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Read {
        let operand = operand.map(|it| self.term(it)).transpose()?;
        let mut read = Vec::new();
        for branch in branches {
            let condition = self.term(&branch.condition)?;
            let condition = match &operand {
                Some(operand) => compare(Op::Equal, operand.clone(), condition),
                None => condition,
            };
            read.push((condition, self.term(&branch.result)?));
        }
        let otherwise = match otherwise {
            Some(otherwise) => self.term(otherwise)?,
            None => Term::Constant(Constant::Null),
        };
        Ok(Term::Case(read, Box::new(otherwise)))
    }

    fn function(&self, function: &sql::Function) -> Read {
        let name = match function.name.0.last().and_then(|part| part.as_ident()) {
            Some(name) => name.value.to_lowercase(),
            None => return Err(function.name.to_string()),
        };
        let arguments = match &function.args {
            sql::FunctionArguments::List(list) => list.args.as_slice(),
            sql::FunctionArguments::None => &[],
            sql::FunctionArguments::Subquery(_) => return Err("a subquery".into()),
        };
        let mut terms = Vec::new();
        for argument in arguments {
            match argument {
                sql::FunctionArg::Unnamed(sql::FunctionArgExpr::Expr(it)) => {
                    terms.push(self.term(it)?)
                }
                other => return Err(format!("{name}({other})")),
            }
        }
        Ok(constant::folded(&name, terms))
    }

    fn unary(&self, op: sql::UnaryOperator, inner: &Expr) -> Read {
        let term = self.term(inner)?;
        Ok(match op {
            sql::UnaryOperator::Not => not(term),
            sql::UnaryOperator::Plus => term,
            sql::UnaryOperator::Minus => constant::folded("-", vec![Term::text("0"), term]),
            sql::UnaryOperator::PGAbs => constant::folded("abs", vec![term]),
            other => constant::folded(&format!("{other} of"), vec![term]),
        })
    }

    fn binary(&self, left: &Expr, op: &sql::BinaryOperator, right: &Expr) -> Read {
        let sign = match op {
            sql::BinaryOperator::PGCustomBinaryOperator(parts) => {
                parts.last().cloned().unwrap_or_default()
            }
            other => other.to_string(),
        };
        let (left, right) = (self.term(left)?, self.term(right)?);
        if let Some(op) = comparison(&sign) {
            return Ok(compare(op, left, right));
        }
        Ok(match sign.as_str() {
            "AND" => Term::And(vec![left, right]),
            "OR" => Term::Or(vec![left, right]),
            "!~" | "!~*" | "!~~" | "!~~*" => {
                not(Term::Call(sign[1..].to_owned(), vec![left, right]))
            }
            sign => constant::folded(sign, vec![left, right]),
        })
    }

    fn quantified(&self, left: &Expr, op: &sql::BinaryOperator, right: &Expr, any: bool) -> Read {
        let (left, right) = (self.boxed(left)?, self.boxed(right)?);
        let sign = match op {
            sql::BinaryOperator::PGCustomBinaryOperator(parts) => {
                parts.last().cloned().unwrap_or_default()
            }
            other => other.to_string(),
        };
        if let Some(op) = comparison(&sign) {
            return Ok(match any {
                true => Term::AnyOf(op, left, right),
                false => Term::AllOf(op, left, right),
            });
        }
        let Term::Constant(Constant::Array(texts)) = *right else {
            return Err(format!("{sign} over an array of expressions"));
        };
        let (negated, sign) = match sign.strip_prefix('!') {
            Some(sign) => (true, sign),
            None => (false, sign.as_str()),
        };
        let each = |text: String| {
            let call = Term::Call(sign.to_owned(), vec![(*left).clone(), Term::text(text)]);
            negate_if(negated, call)
        };
        let parts = texts.into_iter().flatten().map(each).collect();
        Ok(if any {
            Term::Or(parts)
        } else {
            Term::And(parts)
        })
    }

    fn cast(&self, inner: &Expr, to: &sql::DataType) -> Read {
        let term = self.term(inner)?;
        let to = to.to_string().to_lowercase();
        if let Term::Constant(value) = term {
            return Ok(Term::Constant(constant::cast(value, &to)));
        }
        let from = match &term {
            Term::Column(column) => Some(&self.0[*column].1.base().kind),
            _ => None,
        };
        Ok(match CastKind::of(from, &to, &term) {
            CastKind::Nothing => term,
            CastKind::Call(name) => Term::Call(name.to_owned(), vec![term]),
            CastKind::Day => Term::Call("date_trunc".into(), vec![Term::text("day"), term]),
        })
    }
}

/// What a cast does to the values of an expression.
enum CastKind {
    Nothing,
    Call(&'static str),
    Day,
}

impl CastKind {
    fn of(from: Option<&TypeKind>, to: &str, term: &Term) -> CastKind {
        let is_number = matches!(
            to.split('(').next(),
            Some("integer" | "int" | "bigint" | "smallint" | "int4" | "int8" | "int2")
        );
        let is_text = to.starts_with("text")
            || to.starts_with("character varying")
            || to.starts_with("varchar");
        match from {
            Some(TypeKind::Scalar(Scalar::Numeric | Scalar::Float4 | Scalar::Float8))
                if is_number =>
            {
                CastKind::Call("integer")
            }
            Some(TypeKind::Scalar(Scalar::Timestamp | Scalar::Timestamptz)) if to == "date" => {
                CastKind::Day
            }
            Some(TypeKind::Scalar(scalar)) if is_text && !DataType::from(*scalar).is_text() => {
                CastKind::Call("text")
            }
            Some(TypeKind::Array(..)) if is_text && !to.ends_with(']') => CastKind::Call("text"),
            Some(_) => CastKind::Nothing,
            None if is_number && is_truth(term) => CastKind::Call("integer"),
            None => CastKind::Nothing,
        }
    }
}

/// Whether an expression is a boolean by its form.
pub fn is_truth(term: &Term) -> bool {
    match term {
        Term::Not(_)
        | Term::And(_)
        | Term::Or(_)
        | Term::Compare(..)
        | Term::AnyOf(..)
        | Term::AllOf(..)
        | Term::IsNull(_)
        | Term::Is(..)
        | Term::Distinct(..) => true,
        Term::Call(name, _) => matches!(
            name.as_str(),
            "~" | "~*" | "~~" | "~~*" | "?" | "isempty" | "isfinite"
        ),
        Term::Case(branches, _) => branches.iter().any(|(_, result)| is_truth(result)),
        Term::Column(_) | Term::Constant(_) | Term::Array(_) => false,
    }
}

fn comparison(sign: &str) -> Option<Op> {
    Some(match sign {
        "=" => Op::Equal,
        "<>" | "!=" => Op::NotEqual,
        "<" => Op::Less,
        "<=" => Op::LessOrEqual,
        ">" => Op::Greater,
        ">=" => Op::GreaterOrEqual,
        _ => return None,
    })
}

fn compare(op: Op, left: Term, right: Term) -> Term {
    Term::Compare(op, Box::new(left), Box::new(right))
}

fn not(term: Term) -> Term {
    Term::Not(Box::new(term))
}

fn negate_if(negated: bool, term: Term) -> Term {
    if negated { not(term) } else { term }
}

fn literal(value: &sql::Value) -> Result<Constant, String> {
    Ok(match value {
        sql::Value::Number(digits, _) => Constant::Text(digits.clone()),
        sql::Value::SingleQuotedString(text)
        | sql::Value::EscapedStringLiteral(text)
        | sql::Value::SingleQuotedByteStringLiteral(text) => Constant::Text(text.clone()),
        sql::Value::Boolean(yes) => Constant::boolean(*yes),
        sql::Value::Null => Constant::Null,
        other => return Err(other.to_string()),
    })
}
