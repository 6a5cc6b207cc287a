//! Service worker rules: data in, data out.
