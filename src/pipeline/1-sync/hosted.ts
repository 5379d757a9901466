/** Sites whose subdomains belong to their customers and that the public suffix list does not name. */
const SUBDOMAINS_ARE_OTHERS = new Set(
  `squarespace.com wordpress.com weebly.com hubspotpagebuilder.com hs-sites.com business.site godaddysites.com jimdosite.com jimdo.com
  strikingly.com mystrikingly.com webnode.com webnode.page substack.com tumblr.com onmicrosoft.com sharepoint.com zendesk.com
  freshdesk.com atlassian.net salesforce.com force.com my.site.com lightning.force.com bamboohr.com greenhouse.io lever.co
  recruitee.com workable.com teamtailor.com personio.de breezy.hr applytojob.com myworkdayjobs.com bigcartel.com ecwid.com
  mybigcommerce.com shopify.com shoplo.com tripod.com angelfire.com livejournal.com typepad.com over-blog.com home.blog
  gitbook.io readme.io typeform.com unbounce.com instapage.com leadpages.co clickfunnels.com kajabi.com teachable.com
  thinkific.com podia.com gumroad.com itch.io bandcamp.com webador.com site123.me yolasite.com simplesite.com one.com
  webs.com moonfruit.com doodlekit.com glitch.me repl.co pagecloud.com carrd.co tilda.ws eventbrite.com`
    .split(/\s+/)
    .filter((name) => name !== ''),
);

/** Sites whose pages are profiles, shops or files of others: a path there names somebody else. */
const PATHS_ARE_OTHERS = new Set(
  `linkedin.com facebook.com fb.com fb.me instagram.com twitter.com x.com threads.net youtube.com youtu.be tiktok.com pinterest.com
  snapchat.com reddit.com discord.gg discord.com t.me telegram.me whatsapp.com wa.me vk.com weibo.com xing.com medium.com github.com
  gitlab.com bitbucket.org huggingface.co crunchbase.com pitchbook.com wellfound.com angel.co ycombinator.com producthunt.com g2.com capterra.com
  trustpilot.com glassdoor.com indeed.com kununu.com yelp.com tripadvisor.com yellowpages.com gelbeseiten.de google.com google.de
  goo.gl g.page maps.app.goo.gl apple.com amazon.com amazon.de amazon.co.uk ebay.com ebay.de etsy.com alibaba.com wikipedia.org
  wikidata.org bloomberg.com dnb.com zoominfo.com opencorporates.com northdata.de linktr.ee bit.ly tinyurl.com beacons.ai about.me
  notion.so notion.site canva.com dropbox.com behance.net dribbble.com upwork.com fiverr.com slideshare.net issuu.com calendly.com
  docs.google.com sites.google.com meetup.com kickstarter.com indiegogo.com patreon.com`
    .split(/\s+/)
    .filter((name) => name !== ''),
);

/** Subdomains of such sites that are the platform's own front, in one language or another. */
const OWN_FRONT = /^(www\d?|m|mobile|[a-z]{2}|[a-z]{2}-[a-z]{2})$/;
/** Google's hosts that carry other people's pages whatever the path. */
const OTHERS_HOSTS = /^(sites|docs|drive|maps|plus|groups|business|play|forms|calendar)\.google\.com$/;

// Names sold like top-level domains by their owners; the public suffix list has them in its private part, yet what stands
// under them is a company's own domain.
const SOLD_SUFFIXES = new Set(
  `uk.com us.com eu.com co.com de.com gb.net jp.net uk.net se.net br.com cn.com jpn.com mex.com ru.com sa.com za.com za.bz com.de
  com.se in.net hu.net ae.org us.org co.no gr.com it.com africa.com eu.org us.kg nom.za co.nl co.dk co.ca uy.com no.com qc.com kr.com hu.com
  gb.com se.com`
    .split(/\s+/)
    .filter((name) => name !== ''),
);

export function isSoldSuffix(suffix: string): boolean {
  return SOLD_SUFFIXES.has(suffix);
}

/**
 * Is this address a page on somebody else's platform? A platform's bare address means the platform's own company.
 * @param place host in lower case, its registrable domain, and the path ("" or "/…")
 * @returns the platform's domain; null when the site is its owner's
 */
export function platformOf(place: { host: string; domain: string; path: string }): string | null {
  const { host, domain, path } = place;
  if (OTHERS_HOSTS.test(host)) return host;
  const subdomain = host === domain ? '' : host.slice(0, -domain.length - 1);
  if (SUBDOMAINS_ARE_OTHERS.has(domain) && subdomain !== '' && !OWN_FRONT.test(subdomain)) return domain;
  if (!PATHS_ARE_OTHERS.has(domain)) return null;
  return path.replace(/\/+$/, '') === '' ? null : domain;
}
