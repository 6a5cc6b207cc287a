//! Background sync rules: data in, data out.
