// Short ids of people, as statements name them, made of their names.

/** `Olga Öwner` → `olga-owner`; what has no Latin letter becomes `person`. */
export function slugOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const slug = plain
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 48)
    .replace(/-+$/, '');
  return slug === '' ? 'person' : slug;
}
