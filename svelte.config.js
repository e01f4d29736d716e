// SvelteKit's options: everything of the console lies under ui/.

export default {
  kit: {
    outDir: '.svelte-kit',
    files: {
      src: 'ui',
      appTemplate: 'ui/app.html',
      assets: 'ui/static',
      lib: 'ui/lib',
      routes: 'ui/routes',
    },
  },
};
