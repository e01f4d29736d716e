// One of the choices of a form: a radio button, its name, and in small what it means.

import { html } from 'hono/html';

import type { Html } from './page.ts';

interface Option {
  /** Of the form's field. */
  readonly field: string;
  readonly value: string;
  readonly name: string;
  readonly meaning: string;
}

/** The button, with its meaning tied to it for screen readers. */
export function option({ field, value, name, meaning }: Option, isChosen: boolean): Html {
  const id = `${field}-${value}`;
  return html`<div class="option">
    <input
      type="radio"
      id="${id}"
      name="${field}"
      value="${value}"
      aria-describedby="${id}-meaning"
      ${isChosen ? 'checked' : ''}
    />
    <div>
      <label for="${id}">${name}</label>
      <p class="quiet" id="${id}-meaning">${meaning}</p>
    </div>
  </div>`;
}
