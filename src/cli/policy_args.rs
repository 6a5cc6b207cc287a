//! The flags that say how background sync works and what the origin may do.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use url::Url;

use crate::cli::UsageError;
use crate::cli::sync_rule::{SyncRule, parse_rule};
use crate::clock::parse_duration;
use crate::host::{HostBuilder, Permission, PermissionState};
use crate::sync::{Engagement, Preset, SyncPolicy};

/// Flags of the commands that run a worker.
#[derive(Debug, Args)]
pub(super) struct PolicyArgs {
    /// The rules of background sync where browsers and the specification differ
    ///
    /// `landfall` needs no open page and starts afresh when a tag is registered again. `spec` and `chromium` refuse
    /// to register a tag without an open page; `chromium` lets a delay stand when its tag is registered again;
    /// `spec` does not try a failed periodic sync again before its next interval.
    #[arg(
        long,
        value_enum,
        default_value = "landfall",
        value_name = "PRESET",
        help_heading = "Sync"
    )]
    sync_preset: SyncPreset,

    /// Send periodic syncs this often, whatever interval the script asks for; for example 10s
    ///
    /// Without it they come as in Chromium: in the interval asked for, rounded up to multiples of 12 hours.
    #[arg(long, value_name = "TIME", value_parser = parse_interval, help_heading = "Sync")]
    periodic_interval: Option<Duration>,

    /// How much the origin is used: the less, the rarer are its periodic syncs, and with none they are suspended
    #[arg(
        long,
        value_enum,
        default_value = "max",
        value_name = "LEVEL",
        help_heading = "Sync"
    )]
    engagement: EngagementLevel,

    /// So many workers may have sync events at the same time; others wait for their turn [default: by preset, 8 or all]
    #[arg(long, value_name = "NUMBER", value_parser = parse_workers, help_heading = "Sync")]
    sync_workers: Option<NonZeroUsize>,

    /// Set one rule, whatever the preset says; see `Sync rules` below (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_rule, help_heading = "Sync")]
    sync_rule: Vec<SyncRule>,

    /// Have no background sync: tags are refused and not listed, no event is sent, and what is stored is kept
    #[arg(long, help_heading = "Sync")]
    disable_sync: bool,

    /// Grant the origin a permission (repeatable)
    #[arg(long, value_name = "NAME", value_parser = permission(), help_heading = "Permissions")]
    grant: Vec<Permission>,

    /// Deny the origin a permission (repeatable)
    #[arg(long, value_name = "NAME", value_parser = permission(), help_heading = "Permissions")]
    deny: Vec<Permission>,

    /// Let scripts ask for `notifications`, and wait until `landfall permission grant` or `deny` answers
    #[arg(long, help_heading = "Permissions")]
    ask: bool,
}

impl PolicyArgs {
    /// The builder of a host for which all this holds.
    pub(super) fn apply(
        &self,
        mut builder: HostBuilder,
        origin: &Url,
    ) -> Result<HostBuilder, UsageError> {
        let policy = self.policy().map_err(UsageError)?;
        builder = builder
            .sync_policy(policy)
            .engagement(origin, self.engagement.into());
        if self.ask {
            let state = PermissionState::Prompt;
            builder = builder.permission(origin, Permission::Notifications, state);
        }
        let states = [
            (&self.grant, PermissionState::Granted),
            (&self.deny, PermissionState::Denied),
        ];
        for (permissions, state) in states {
            for permission in permissions {
                builder = builder.permission(origin, *permission, state);
            }
        }
        Ok(builder)
    }

    fn policy(&self) -> Result<SyncPolicy, String> {
        let mut policy = SyncPolicy::from(Preset::from(self.sync_preset));
        for rule in &self.sync_rule {
            policy = rule.apply(&policy)?;
        }
        policy.disabled |= self.disable_sync;
        if let Some(workers) = self.sync_workers {
            policy.workers_at_once = Some(workers.get());
        }
        if let Some(interval) = self.periodic_interval {
            policy.periodic.min_gap = interval;
            policy.periodic.max_interval = Some(interval);
        }
        policy.validate().map_err(|error| error.to_string())?;
        Ok(policy)
    }
}

/// Reads the name of a permission, and lists them all in the help.
pub(super) fn permission() -> impl TypedValueParser<Value = Permission> {
    PossibleValuesParser::new(Permission::ALL.map(Permission::name))
        .try_map(|name| name.parse::<Permission>())
}

fn parse_interval(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Some(interval) if interval >= Duration::from_millis(1) => Ok(interval),
        _ => Err("expected a time from 1ms up: 250ms, 10s, 5m or 12h".to_owned()),
    }
}

fn parse_workers(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "expected a number from 1 up".to_owned())
}

/// The value of `--sync-preset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SyncPreset {
    /// What suits a worker without pages
    Landfall,
    /// The specification wherever it speaks
    Spec,
    /// Chromium wherever it differs
    Chromium,
}

impl From<SyncPreset> for Preset {
    fn from(preset: SyncPreset) -> Self {
        match preset {
            SyncPreset::Landfall => Self::Landfall,
            SyncPreset::Spec => Self::Spec,
            SyncPreset::Chromium => Self::Chromium,
        }
    }
}

/// The value of `--engagement`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EngagementLevel {
    /// Periodic syncs are suspended
    None,
    /// Three times the smallest time between them
    Minimal,
    /// Twice
    Low,
    /// Twice
    Medium,
    /// Once
    High,
    /// Once
    Max,
}

impl From<EngagementLevel> for Engagement {
    fn from(level: EngagementLevel) -> Self {
        match level {
            EngagementLevel::None => Self::None,
            EngagementLevel::Minimal => Self::Minimal,
            EngagementLevel::Low => Self::Low,
            EngagementLevel::Medium => Self::Medium,
            EngagementLevel::High => Self::High,
            EngagementLevel::Max => Self::Max,
        }
    }
}
