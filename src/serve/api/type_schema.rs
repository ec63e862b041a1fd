//! Column types as JSON Schema.

use serde_json::{Value, json};

use crate::copy::{DataType, Scalar, TypeKind};

/// The JSON Schema of a type's values in requests and, but for arrays and types of no scalar kind, in bodies.
pub fn type_schema(data_type: &DataType) -> Value {
    let base = data_type.base();
    if let TypeKind::Enum(labels) = &base.kind {
        return json!({"type": "string", "enum": labels});
    }
    match data_type.scalar() {
        Some(Scalar::Int2 | Scalar::Int4) => json!({"type": "integer", "format": "int32"}),
        Some(Scalar::Int8) => json!({"type": "integer", "format": "int64"}),
        Some(Scalar::Float4 | Scalar::Float8 | Scalar::Numeric) => json!({"type": "number"}),
        Some(Scalar::Bool) => json!({"type": "boolean"}),
        Some(Scalar::Uuid) => json!({"type": "string", "format": "uuid"}),
        Some(Scalar::Date) => json!({"type": "string", "format": "date"}),
        Some(Scalar::Timestamptz) => json!({"type": "string", "format": "date-time"}),
        Some(Scalar::Varchar) if base.modifier > 4 => {
            json!({"type": "string", "maxLength": base.modifier - 4})
        }
        _ => json!({"type": "string"}),
    }
}
