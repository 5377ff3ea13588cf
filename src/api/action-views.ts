import { getIncident } from '../registry/incidents.ts';
import { listGateReports } from '../registry/decisions.ts';
import { getVersion } from '../registry/versions.ts';
import type { VersionRef } from '../registry/versions.ts';
import type { ApiDependencies } from './api-instance.ts';
import { html } from '../platform/html-template.ts';
import type { Html } from '../platform/html-template.ts';

export interface PageContent {
  readonly title: string;
  readonly body: Html;
}

/** What happened, its facts, and a button while there is something to acknowledge. */
export async function incidentPage(
  deps: ApiDependencies,
  incidentId: string,
  view: { readonly button: boolean; readonly done: string | null },
): Promise<PageContent> {
  const incident = await getIncident(deps.db, incidentId, deps.environment);
  const facts = Object.entries(incident.facts).map(
    ([name, value]) =>
      html`<dt>${name}</dt>
        <dd>${value}</dd>`,
  );
  const state =
    view.done ??
    (incident.status === 'open'
      ? 'Nobody has acknowledged it yet.'
      : `It is ${incident.status}${incident.acknowledgedBy === null ? '' : ` (acknowledged by ${incident.acknowledgedBy})`}.`);
  const button =
    view.button && view.done === null && incident.status === 'open'
      ? html`<form method="post"><button type="submit">Acknowledge</button></form>`
      : html``;
  return {
    title: incident.title,
    body: html`<p class="${incident.severity}">
        ${incident.severity} incident of ${incident.model} in ${incident.environment}, opened
        ${incident.openedAt}
      </p>
      <p>${incident.summary}</p>
      <dl>${facts}</dl>
      <p>${state}</p>
      ${button}
      <p class="note">${incident.incidentId}</p>`,
  };
}

/** The gates of a version and the commands that decide on it; there is no button that does. */
export async function reviewPage(deps: ApiDependencies, ref: VersionRef): Promise<PageContent> {
  const version = await getVersion(deps.db, { ...ref, environment: deps.environment });
  const report = (await listGateReports(deps.db, version)).at(-1)?.report ?? null;
  const title = `${version.model} version ${version.version}: review`;
  const head = html`<p>Stage ${version.stage}, requested by ${version.requestedBy}.</p>`;
  if (!report)
    return {
      title,
      body: html`${head}
        <p>The gates have not judged it yet.</p>`,
    };
  const rows = report.gates.map(
    (gate) =>
      html`<tr>
        <td>${gate.gate}</td>
        <td>${gate.verdict.kind}</td>
        <td>${gate.verdict.reason}</td>
      </tr>`,
  );
  const command = (verb: string) =>
    `perennial ${verb} ${version.model} ${version.version} --evidence ${report.evidenceHash} --reason "…"`;
  return {
    title,
    body: html`${head}
      <p>Gates: <strong>${report.verdict.kind}</strong>, ${report.verdict.reason}</p>
      <table>
        <thead>
          <tr>
            <th>gate</th>
            <th>verdict</th>
            <th>reason</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
      <p>A decision needs your own token. With the CLI:</p>
      <p><code>${command('approve')}</code></p>
      <p><code>${command('reject')}</code></p>`,
  };
}
