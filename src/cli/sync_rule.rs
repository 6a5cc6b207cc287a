//! `--sync-rule NAME=VALUE`: one field of the sync policy, by its name.

use serde_json::Value;

use crate::clock::parse_duration;
use crate::sync::SyncPolicy;

/// The fields of [`SyncPolicy`], with a dot where it holds another struct.
const NAMES: [&str; 17] = [
    "disabled",
    "retry.max_attempts",
    "retry.max_attempts_with_notifications",
    "retry.initial_delay",
    "retry.delay_factor",
    "retry.jitter",
    "periodic.min_gap",
    "periodic.max_interval",
    "periodic.max_attempts",
    "event_time_limit",
    "window_required",
    "max_tag_bytes",
    "check_order",
    "reregister_in_backoff",
    "retry_on_reconnect",
    "interruptions_per_attempt",
    "workers_at_once",
];

/// A field and what it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyncRule {
    name: &'static str,
    value: String,
}

/// Reads `NAME=VALUE`. Whether the value makes sense beside the others is not looked at.
pub(super) fn parse_rule(text: &str) -> Result<SyncRule, String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("expected NAME=VALUE, as in retry.max_attempts=5")?;
    let known = NAMES.into_iter().find(|known| *known == name);
    let rule = SyncRule {
        name: known
            .ok_or_else(|| format!("no rule is called `{name}`; there are {}", NAMES.join(", ")))?,
        value: value.to_owned(),
    };
    rule.apply(&SyncPolicy::default())?;
    Ok(rule)
}

impl SyncRule {
    /// The policy with that field.
    pub(super) fn apply(&self, policy: &SyncPolicy) -> Result<SyncPolicy, String> {
        let Self { name, value } = self;
        let duration = parse_duration(value).map(serde_json::to_value);
        // A number, a truth, a duration, none, or one of the words that the field knows.
        let readings = [
            duration.and_then(Result::ok),
            serde_json::from_str(value).ok(),
            (value == "none").then_some(Value::Null),
            Some(Value::from(value.as_str())),
        ];
        let with = |reading| {
            let mut changed = serde_json::to_value(policy).ok()?;
            let field = changed.pointer_mut(&format!("/{}", name.replace('.', "/")))?;
            *field = reading;
            serde_json::from_value(changed).ok()
        };
        let mut policies = readings.into_iter().flatten().filter_map(with);
        policies
            .next()
            .ok_or_else(|| format!("`{value}` is no value of `{name}`"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::args::RUN_AFTER_HELP;
    use crate::sync::ReregisterInBackoff;

    fn with(rules: &[&str]) -> SyncPolicy {
        rules.iter().fold(SyncPolicy::default(), |policy, rule| {
            parse_rule(rule).unwrap().apply(&policy).unwrap()
        })
    }

    #[test]
    fn every_kind_of_field_can_be_set() {
        let policy = with(&[
            "retry.max_attempts=5",
            "retry.initial_delay=10s",
            "retry.delay_factor=1.5",
            "window_required=true",
            "max_tag_bytes=none",
            "reregister_in_backoff=keep_delay",
        ]);
        assert_eq!(policy.retry.max_attempts, 5);
        assert_eq!(policy.retry.initial_delay, Duration::from_secs(10));
        assert_eq!(policy.retry.delay_factor, 1.5);
        assert!(policy.window_required);
        assert_eq!(policy.max_tag_bytes, None);
        assert_eq!(policy.reregister_in_backoff, ReregisterInBackoff::KeepDelay);
    }

    #[test]
    fn what_is_no_rule_is_refused_with_its_name() {
        for (text, part) in [
            ("retry", "expected NAME=VALUE"),
            (
                "patience=3",
                "no rule is called `patience`; there are disabled, retry.max_attempts",
            ),
            ("retry=3", "no rule is called `retry`"),
            (
                "retry.max_attempts=-1",
                "`-1` is no value of `retry.max_attempts`",
            ),
            (
                "retry.initial_delay=5",
                "`5` is no value of `retry.initial_delay`",
            ),
            (
                "window_required=none",
                "`none` is no value of `window_required`",
            ),
            ("check_order=none", "`none` is no value of `check_order`"),
        ] {
            let refusal = parse_rule(text).unwrap_err();
            assert!(refusal.starts_with(part), "{text}: {refusal}");
        }
    }

    #[test]
    fn the_help_names_every_rule_with_its_default() {
        let told: Vec<&str> = RUN_AFTER_HELP
            .lines()
            .filter_map(|line| line.strip_prefix("  "))
            .filter_map(|line| line.split_whitespace().next())
            .filter(|word| word.contains('='))
            .collect();
        for name in NAMES.into_iter().filter(|name| *name != "disabled") {
            let found = told
                .iter()
                .find(|word| word.starts_with(&format!("{name}=")));
            let told = *found.unwrap_or_else(|| panic!("{name} is not in the help"));
            assert_eq!(with(&[told]), SyncPolicy::default(), "{told}");
        }
    }

    #[test]
    fn every_field_has_a_rule() {
        let Value::Object(policy) = serde_json::to_value(SyncPolicy::default()).unwrap() else {
            panic!("a policy has fields");
        };
        let mut fields = Vec::new();
        for (name, value) in policy {
            match value {
                Value::Object(inner) if !inner.contains_key("secs") => {
                    fields.extend(inner.keys().map(|field| format!("{name}.{field}")));
                }
                _ => fields.push(name),
            }
        }
        fields.sort();
        let mut names = NAMES.to_vec();
        names.sort_unstable();
        assert_eq!(fields, names);
    }
}
