//! `landfall run`: a worker, its pages, and the story of what they do, until it is over.

use std::process::ExitCode;

use anyhow::Context;
use futures::FutureExt;

use crate::cli::args::{ConnectivityArg, RunArgs, ScriptKind};
use crate::cli::control::Server;
use crate::cli::output::Output;
use crate::cli::site::{Page, Site};
use crate::cli::story::{self, Story, Weight};
use crate::clock::{Clock, SystemClock};
use crate::host::{
    Client, ClientOptions, ClientScript, ConnectivityMode, Host, HostBuilder, HostEvent,
    HostEventKind, RegisterOptions,
};
use crate::service_worker::{ScriptType, WarningName};
use crate::sync::Preset;

/// Runs until interrupted, or until nothing is left to do if that is asked for.
pub(super) async fn run(args: RunArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let site = Site::of(&args)?;
    let builder = builder(&args, &site);
    let mut events = builder.events();
    let host = builder.build().await?;
    let mut teller = Teller::new(&args, output);
    if host.status().await?.online == Some(false) {
        let (at_ms, kind) = (SystemClock.now(), HostEventKind::Offline);
        teller.tell(&HostEvent { at_ms, kind })?;
    }

    let work = work(&args, &site, &host);
    let interrupted = interruption();
    tokio::pin!(work, interrupted);
    let result = loop {
        tokio::select! {
            // A page that prints without end must not keep anybody from stopping it.
            biased;
            result = &mut interrupted => break result,
            Some(event) = events.next() => teller.tell(&event)?,
            result = &mut work => break result,
        }
    };
    let ended = host.shut_down().await;
    // What happened until then is still worth telling, the reason of a failure above all.
    while let Some(Some(event)) = events.next().now_or_never() {
        teller.tell(&event)?;
    }
    result?;
    ended?;
    Ok(ExitCode::SUCCESS)
}

fn builder(args: &RunArgs, site: &Site) -> HostBuilder {
    let connectivity = match &args.connectivity {
        ConnectivityArg::Auto => ConnectivityMode::System,
        ConnectivityArg::Online => ConnectivityMode::Online,
        ConnectivityArg::Offline => ConnectivityMode::Offline,
        ConnectivityArg::Timeline(timeline) => ConnectivityMode::Timeline(timeline.clone()),
    };
    let builder = Host::builder()
        .connectivity(connectivity)
        .sync_policy(Preset::from(args.sync_preset))
        .strict(args.strict)
        .origin_server(&site.origin, site.server.clone());
    let builder = WarningName::ALL.into_iter().fold(builder, |builder, name| {
        let is_chosen = args.warn.is_empty() || args.warn.contains(&name);
        builder.warning(name, is_chosen && !args.no_warn.contains(&name))
    });
    if args.ephemeral {
        builder.ephemeral()
    } else {
        builder.data_dir(&args.data)
    }
}

async fn work(args: &RunArgs, site: &Site, host: &Host) -> anyhow::Result<()> {
    let _control = if args.ephemeral {
        None
    } else {
        Some(listen(host, args))
    };
    register(args, site, host).await?;
    // Pages stay open until the end.
    let mut open = Vec::with_capacity(site.pages.len());
    for page in &site.pages {
        open.push(open_page(page, host).await?);
    }
    if args.exit_when_idle {
        host.run_until_idle().await?;
    } else {
        // Until interrupted.
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// Without its control socket a host is still good for everything else.
fn listen(host: &Host, args: &RunArgs) -> Option<Server> {
    match Server::start(host.clone(), &args.data) {
        Ok(server) => Some(server),
        Err(error) => {
            tracing::warn!(%error, "other commands cannot reach this host");
            None
        }
    }
}

async fn register(args: &RunArgs, site: &Site, host: &Host) -> anyhow::Result<()> {
    let mut options = RegisterOptions::new(site.script.clone());
    options.scope.clone_from(&site.scope);
    options.script_type = match args.script_type {
        ScriptKind::Classic => ScriptType::Classic,
        ScriptKind::Module => ScriptType::Module,
    };
    host.register(options).await?;
    Ok(())
}

async fn open_page(page: &Page, host: &Host) -> anyhow::Result<Client> {
    let script = match &page.file {
        Some(file) => ClientScript::File(file.clone()),
        None => ClientScript::Url(page.url.clone()),
    };
    let options = ClientOptions {
        url: page.url.clone(),
        script,
    };
    Ok(host.open_client(options).await?)
}

/// Waits for Ctrl-C, or to be asked to end as a service manager does.
async fn interruption() -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).context("cannot wait for signals")?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result.context("cannot wait for signals"),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c()
        .await
        .context("cannot wait for signals")
}

/// Prints events as the arguments want them.
struct Teller<'a> {
    output: &'a Output,
    story: Story,
    /// The lightest lines that are told; `None` for JSON, which tells all.
    until: Option<Weight>,
}

impl<'a> Teller<'a> {
    fn new(args: &RunArgs, output: &'a Output) -> Self {
        let until = match (args.json, args.quiet, args.verbose) {
            (true, ..) => None,
            (_, true, _) => Some(Weight::Always),
            (_, _, true) => Some(Weight::Detail),
            _ => Some(Weight::Normal),
        };
        Self {
            output,
            story: Story::default(),
            until,
        }
    }

    fn tell(&mut self, event: &HostEvent) -> anyhow::Result<()> {
        let Some(until) = self.until else {
            return self.output.json(event);
        };
        let since = self.story.since_the_beginning(event);
        let line = story::line(event);
        if line.weight <= until {
            self.output.story(since, &line);
        }
        Ok(())
    }
}
