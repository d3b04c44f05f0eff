//! The three truth values of filters (RFC 4511, section 4.5.1.7).

/// True, false, or undefined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tri {
    True,
    False,
    Undefined,
}

impl From<bool> for Tri {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl Tri {
    /// True when all are, false when one is; true of none.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::True;
        for part in parts {
            match part {
                Self::False => return Self::False,
                Self::Undefined => result = Self::Undefined,
                Self::True => {}
            }
        }
        result
    }

    /// True when one is, false when all are; false of none.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::False;
        for part in parts {
            match part {
                Self::True => return Self::True,
                Self::Undefined => result = Self::Undefined,
                Self::False => {}
            }
        }
        result
    }

    /// What is undefined stays so.
    pub fn negate(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Undefined => Self::Undefined,
        }
    }
}
