import type { Notice } from '../contracts/activities/control.ts';

export interface Appearance {
  /** Shown beside the title, in words: colour alone tells not everybody. */
  readonly label: string;
  /** Slack's name of an emoji, without colons. */
  readonly emoji: string;
  readonly color: string;
  readonly tint: string;
}

const BY_SEVERITY: Readonly<Record<Notice['severity'], Appearance>> = {
  critical: { label: 'Critical', emoji: 'rotating_light', color: '#b42318', tint: '#fef3f2' },
  warning: { label: 'Warning', emoji: 'warning', color: '#b54708', tint: '#fffaeb' },
  info: { label: 'Info', emoji: 'information_source', color: '#175cd3', tint: '#eff8ff' },
};
const RESOLVED: Appearance = {
  label: 'Resolved',
  emoji: 'white_check_mark',
  color: '#067647',
  tint: '#ecfdf3',
};
const ACKNOWLEDGED: Appearance = { label: 'Acknowledged', emoji: 'eyes', color: '#475467', tint: '#f2f4f7' };
const APPROVAL: Appearance = { label: 'Approval', emoji: 'raised_hand', color: '#6941c6', tint: '#f4f3ff' };
const CHAMPION: Appearance = { label: 'Champion', emoji: 'trophy', color: '#067647', tint: '#ecfdf3' };

/** How a notice looks, by what it tells rather than by its severity alone. */
export function appearanceOf(notice: Pick<Notice, 'kind' | 'severity'>): Appearance {
  switch (notice.kind) {
    case 'incident_resolved':
      return RESOLVED;
    case 'incident_acknowledged':
      return ACKNOWLEDGED;
    case 'incident_note':
      // What became of it, such as a rollback, is no second alarm.
      return { ...BY_SEVERITY[notice.severity], label: 'Update' };
    case 'approval_requested':
    case 'approval_reminder':
      return APPROVAL;
    case 'champion_changed':
      return notice.severity === 'info' ? CHAMPION : BY_SEVERITY[notice.severity];
    case 'incident_opened':
    case 'incident_reminder':
    case 'incident_escalated':
    case 'approval_closed':
    case 'version_rejected':
    case 'batch_quarantined':
      return BY_SEVERITY[notice.severity];
  }
}

/** `batchId` as `Batch id`: facts are named by code and read by people. */
export function factLabel(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll(/[_-]+/g, ' ');
  const lower = words
    .split(' ')
    .map((word) => (/^[A-Z]{2,}$/.test(word) ? word : word.toLowerCase()))
    .join(' ');
  return lower.charAt(0).toUpperCase() + lower.slice(1);
}

/** At most `max` characters, the cut told by an ellipsis. Never cuts a character in two. */
export function clip(text: string, max: number): string {
  const characters = Array.from(text);
  return characters.length <= max ? text : `${characters.slice(0, max - 1).join('')}…`;
}
