//! `landfall run`: a worker, its pages, and the story of what they do, until it is over.

use std::process::ExitCode;
use std::sync::Arc;
use std::task::Poll;

use anyhow::{Context, anyhow, bail};
use futures::FutureExt;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::cli::UsageError;
use crate::cli::args::{RunArgs, ScriptKind};
use crate::cli::certificate::Certificate;
use crate::cli::control::Server;
use crate::cli::output::Output;
use crate::cli::push_service::{PushPlace, PushService};
use crate::cli::serve::{self, Place};
use crate::cli::serve_args::ListenArgs;
use crate::cli::site::{Page, Site};
use crate::cli::story::{self, Story, Weight};
use crate::cli::values::{ClockArg, ConnectivityArg};
use crate::clock::{Clock, ManualClock, SystemClock, Timestamp};
use crate::host::{
    Client, ClientOptions, ClientScript, ConnectivityMode, Host, HostBuilder, HostEvent,
    HostEventKind, RegisterOptions, ScriptSource,
};
use crate::service_worker::{ScriptType, WarningName};

/// Runs until interrupted, or until nothing is left to do if that is asked for.
pub(super) async fn run(
    mut args: RunArgs,
    listen: Option<ListenArgs>,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let place = match listen {
        Some(listen) => Some(take_place(&mut args, &listen).await?),
        None => None,
    };
    let site = Site::of(&args)?;
    let mut builder = builder(&args, &site)?;
    let push_place = match args.push_listen {
        Some(address) => Some(PushPlace::take(address).await?),
        None => None,
    };
    if let Some(place) = &push_place {
        builder = builder.push_service(place.address.clone());
    }
    let mut events = builder.events();
    let interrupted = interruption();
    tokio::pin!(interrupted);
    // Asked once before anything is printed: whoever has read a line may ask for the end.
    if let Poll::Ready(result) = futures::poll!(interrupted.as_mut()) {
        result?;
        return Ok(ExitCode::SUCCESS);
    }
    let host = builder.build().await?;
    let mut teller = Teller::new(&args, output);
    let _push_service = match push_place {
        Some(place) => Some(start_push(place, &args, &host, &mut teller)?),
        None => None,
    };
    let status = host.status().await?;
    if status.online == Some(false) {
        let reason = status.online_reason.unwrap_or_default();
        let (at_ms, kind) = (status.now_ms, HostEventKind::Offline { reason });
        teller.tell(&HostEvent { at_ms, kind })?;
    }

    if let Some(place) = &place {
        teller.tell_address(&site.origin, place, status.now_ms)?;
    }
    let stop = CancellationToken::new();
    let work = work(&args, &site, &host, place, &stop);
    tokio::pin!(work);
    let result = loop {
        tokio::select! {
            // A page that prints without end must not keep anybody from stopping it.
            biased;
            result = &mut interrupted, if !stop.is_cancelled() => {
                result?;
                stop.cancel();
            }
            result = &mut work => break result,
            Some(event) = events.next() => teller.tell(&event)?,
        }
    };
    let ended = host.shut_down().await;
    // What happened until then is still worth telling, the reason of a failure above all.
    while let Some(Some(event)) = events.next().now_or_never() {
        teller.tell(&event)?;
    }
    result.map_err(|error| teller.without_repetition(error))?;
    ended?;
    Ok(ExitCode::SUCCESS)
}

fn builder(args: &RunArgs, site: &Site) -> anyhow::Result<HostBuilder> {
    let connectivity = match &args.connectivity {
        ConnectivityArg::Auto => ConnectivityMode::System,
        ConnectivityArg::Online => ConnectivityMode::Online,
        ConnectivityArg::Offline => ConnectivityMode::Offline,
        ConnectivityArg::Probe(probe) => ConnectivityMode::Probe(probe.clone()),
        ConnectivityArg::Timeline(timeline) => ConnectivityMode::Timeline(timeline.clone()),
    };
    let clock: Arc<dyn Clock> = match args.clock {
        ClockArg::System => Arc::new(SystemClock),
        ClockArg::Manual(start) => {
            Arc::new(ManualClock::new(start.unwrap_or_else(|| SystemClock.now())))
        }
    };
    let builder = Host::builder()
        .clock(clock)
        .connectivity(connectivity)
        .strict(args.strict)
        .http_cache_limit(usize::try_from(args.http_cache).unwrap_or(usize::MAX))
        .origin_server(&site.origin, site.server.clone());
    let builder = args.policy.apply(builder, &site.origin)?;
    let builder = WarningName::ALL.into_iter().fold(builder, |builder, name| {
        let is_chosen = args.warn.is_empty() || args.warn.contains(&name);
        builder.warning(name, is_chosen && !args.no_warn.contains(&name))
    });
    let builder = match args.quota {
        Some(bytes) => builder.quota(bytes),
        None => builder,
    };
    Ok(if args.ephemeral {
        builder.ephemeral()
    } else {
        builder.data_dir(&args.data)
    })
}

/// Takes the place to listen at; it gives the site its origin if nothing else does.
async fn take_place(args: &mut RunArgs, listen: &ListenArgs) -> anyhow::Result<Place> {
    if args.exit_when_idle {
        let reason = "a server is never done: --exit-when-idle is for `landfall run`".to_owned();
        bail!(UsageError(reason));
    }
    let certificate = match (&listen.cert, &listen.key) {
        (Some(certificate), Some(key)) => Some(Certificate::of_files(certificate, key)),
        _ if listen.self_signed => Some(Certificate::own(&args.data, "serve", listen.listen.ip())?),
        _ => None,
    };
    let place = Place::take(listen.listen, certificate).await?;
    let upstream = args.upstream.as_ref();
    if let Some(upstream) = upstream.filter(|upstream| place.is_meant_by(upstream)) {
        let reason = format!(
            "--upstream {upstream} is where this server listens: name the server behind it, or another --listen"
        );
        bail!(UsageError(reason));
    }
    if args.origin.is_none() && !args.script.contains("://") {
        let (scheme, port) = (place.scheme(), place.address()?.port());
        args.origin = Some(Url::parse(&format!("{scheme}://localhost:{port}"))?);
    }
    Ok(place)
}

/// Everything from registering the worker on, until it is done or `stop` says so.
async fn work(
    args: &RunArgs,
    site: &Site,
    host: &Host,
    place: Option<Place>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let _control = if args.ephemeral {
        None
    } else {
        Some(listen(host, args))
    };
    // Pages stay open until the end.
    let mut open = Vec::with_capacity(site.pages.len());
    let until_ready = async {
        register(args, site, host).await?;
        for page in &site.pages {
            open.push(open_page(page, host).await?);
        }
        if args.exit_when_idle {
            host.run_until_idle().await?;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        result = until_ready => result?,
        () = stop.cancelled() => return Ok(()),
    }
    match place {
        Some(place) => serve::serve(host, &site.origin, place, stop).await?,
        None if args.exit_when_idle => {}
        None => stop.cancelled().await,
    }
    Ok(())
}

/// A host that keeps nothing has no certificate that somebody could trust.
fn start_push(
    place: PushPlace,
    args: &RunArgs,
    host: &Host,
    teller: &mut Teller<'_>,
) -> anyhow::Result<PushService> {
    let certificate = if args.ephemeral {
        None
    } else {
        Some(Certificate::own(&args.data, "push", place.ip()?)?)
    };
    teller.tell_push_service(&place.address, certificate.as_ref())?;
    let tls = certificate.map(|certificate| certificate.acceptor(&[]));
    Ok(PushService::start(host.clone(), place, tls.transpose()?))
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
    /// The last error of a script that was told, and whose it was.
    told_error: Option<(ScriptSource, String)>,
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
            told_error: None,
        }
    }

    /// Why the run failed, without the error of a script that has been shown with its place already.
    fn without_repetition(&self, error: anyhow::Error) -> anyhow::Error {
        match &self.told_error {
            Some((source, told)) if error.to_string().contains(told) => match source {
                ScriptSource::Worker(_) => anyhow!(
                    "the worker is not registered, because its script failed as shown above"
                ),
                ScriptSource::Client(url) => {
                    anyhow!("the script of the page {url} failed as shown above")
                }
            },
            _ => error,
        }
    }

    /// Where the server can be reached, and which origin it stands for if that is another address.
    fn tell_address(
        &mut self,
        origin: &Url,
        place: &Place,
        at_ms: Timestamp,
    ) -> anyhow::Result<()> {
        let address = format!("{}://{}/", place.scheme(), place.address()?);
        let certificate = place.certificate.as_ref();
        let path = certificate.map(|certificate| certificate.path.display().to_string());
        if self.until.is_none() {
            return self.output.json(
                &json!({"at_ms": at_ms, "event": "serving", "origin": origin, "address": address, "certificate": path}),
            );
        }
        let trusted = path.map_or_else(String::new, |path| format!(", with TLS as `{path}`"));
        self.output
            .text(&format!("serving {origin} at {address}{trusted}"));
        Ok(())
    }

    /// Where application servers send messages to, and what those that send over TLS have to trust.
    fn tell_push_service(
        &mut self,
        address: &Url,
        certificate: Option<&Certificate>,
    ) -> anyhow::Result<()> {
        let path = certificate.map(|certificate| certificate.path.display().to_string());
        if self.until.is_none() {
            let at_ms = SystemClock.now();
            return self.output.json(
                &json!({"at_ms": at_ms, "event": "push_service", "address": address, "certificate": path}),
            );
        }
        let trusted = path.map_or_else(String::new, |path| format!(", with TLS as `{path}`"));
        self.output
            .text(&format!("push service at {address}{trusted}"));
        Ok(())
    }

    fn tell(&mut self, event: &HostEvent) -> anyhow::Result<()> {
        let Some(until) = self.until else {
            return self.output.json(event);
        };
        if let HostEventKind::ScriptError { source, error } = &event.kind {
            self.told_error = Some((source.clone(), error.to_string()));
        }
        let since = self.story.since_the_beginning(event);
        let line = story::line(event);
        if line.weight <= until {
            self.output.story(since, &line);
        }
        Ok(())
    }
}
