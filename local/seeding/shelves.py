"""The words and ranges that the catalogue is made of: twenty shelves, ten kinds of things on each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shelf:
    """A category: its things come in every one of `styles`. Prices are minor units of EUR, weights grams."""

    name: str
    things: tuple[str, ...]
    styles: tuple[str, ...]
    prices: tuple[int, int]
    weights: tuple[int, int]
    attribute: str
    values: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


def _shelf(  # noqa: PLR0917  a table reads better without words
    name: str, things: str, styles: str, prices: tuple[int, int], weights: tuple[int, int], attribute: str
) -> Shelf:
    key, _, values = attribute.partition(":")
    return Shelf(name, _words(things), _words(styles), prices, weights, key, _words(values))


SHELVES: tuple[Shelf, ...] = (
    _shelf(
        "Cups and Mugs",
        "Mug, Espresso Cup, Tea Bowl, Latte Glass, Travel Mug, Cappuccino Cup, Tea Glass, Beaker, Tumbler, Saucer",
        "Stoneware, Porcelain, Enamel, Speckled, Hand-thrown",
        (499, 3499),
        (120, 650),
        "colour: white, slate, ochre, sea green, rust",
    ),
    _shelf(
        "Pots and Pans",
        "Frying Pan, Saucepan, Casserole, Wok, Grill Pan, Milk Pan, Stockpot, Crêpe Pan, Tagine, Roasting Tin",
        "Cast Iron, Carbon Steel, Copper, Non-stick, Stainless Steel",
        (1999, 18999),
        (700, 6500),
        "diameter: 16 cm, 20 cm, 24 cm, 28 cm, 32 cm",
    ),
    _shelf(
        "Knives and Boards",
        "Chef's Knife, Paring Knife, Bread Knife, Santoku, Cleaver, Carving Fork, Chopping Board, Whetstone, "
        "Knife Block, Kitchen Shears",
        "Walnut, Oak, Damascus, Everyday, Professional",
        (899, 24999),
        (60, 2800),
        "origin: Solingen, Sakai, Thiers, Albacete",
    ),
    _shelf(
        "Coffee",
        "Filter Roast, Espresso Roast, Breakfast Blend, Single Origin, Decaf, Cold Brew Bags, Dark Roast, "
        "Light Roast, House Blend, Peaberry",
        "Ethiopian, Colombian, Guatemalan, Sumatran, Kenyan",
        (699, 3299),
        (250, 1050),
        "grind: whole bean, filter, espresso, moka",
    ),
    _shelf(
        "Tea",
        "Breakfast Tea, Earl Grey, Sencha, Oolong, White Tea, Chai, Peppermint Tea, Camomile, Rooibos, Matcha",
        "Loose-leaf, Organic, First Flush, Smoked, Estate",
        (399, 4499),
        (40, 300),
        "caffeine: none, little, much",
    ),
    _shelf(
        "Bed Linen",
        "Duvet Cover, Pillowcase, Fitted Sheet, Flat Sheet, Bedspread, Bolster, Mattress Cover, Quilt, Throw, "
        "Valance",
        "Linen, Percale, Sateen, Flannel, Washed Cotton",
        (1499, 21999),
        (250, 3200),
        "colour: chalk, navy, sage, blush, charcoal",
    ),
    _shelf(
        "Towels",
        "Bath Towel, Hand Towel, Face Cloth, Bath Sheet, Beach Towel, Bath Mat, Tea Towel, Hammam Towel, "
        "Guest Towel, Bathrobe",
        "Waffle, Terry, Bamboo, Striped, Organic Cotton",
        (399, 8999),
        (60, 1400),
        "colour: white, sand, teal, coral, graphite",
    ),
    _shelf(
        "Lamps",
        "Desk Lamp, Floor Lamp, Pendant, Wall Light, Table Lamp, Reading Light, Clip Lamp, Lantern, Spotlight, "
        "Night Light",
        "Brass, Paper, Opal Glass, Matt Black, Rattan",
        (1499, 39999),
        (300, 7500),
        "socket: E14, E27, GU10, built in",
    ),
    _shelf(
        "Rugs",
        "Hallway Runner, Wool Rug, Kilim, Doormat, Bath Rug, Sheepskin, Jute Rug, Cotton Rug, Play Mat, Stair Runner",
        "Berber, Woven, Tufted, Plain, Patterned",
        (1299, 49999),
        (400, 14000),
        "size: 60 x 90 cm, 80 x 150 cm, 120 x 180 cm, 160 x 230 cm",
    ),
    _shelf(
        "Chairs and Stools",
        "Dining Chair, Bar Stool, Folding Chair, Bench, Rocking Chair, Step Stool, Office Chair, Armchair, Pouffe, "
        "Camp Chair",
        "Ash, Beech, Bentwood, Upholstered, Powder-coated",
        (2999, 49999),
        (1800, 16000),
        "seat height: 45 cm, 65 cm, 75 cm",
    ),
    _shelf(
        "Plants and Pots",
        "Plant Pot, Hanging Basket, Window Box, Watering Can, Plant Stand, Saucer, Propagation Vase, Cloche, "
        "Trellis, Seed Tray",
        "Terracotta, Glazed, Zinc, Recycled, Concrete",
        (299, 7999),
        (150, 9000),
        "diameter: 9 cm, 14 cm, 19 cm, 27 cm",
    ),
    _shelf(
        "Garden Tools",
        "Hand Trowel, Secateurs, Rake, Spade, Hoe, Garden Fork, Loppers, Dibber, Weeding Knife, Pruning Saw",
        "Forged, Stainless, Ash-handled, Lightweight, Heritage",
        (699, 9999),
        (120, 2600),
        "guarantee: 2 years, 10 years, lifetime",
    ),
    _shelf(
        "Notebooks and Paper",
        "Notebook, Sketchbook, Diary, Writing Pad, Index Cards, Envelopes, Wrapping Paper, Postcards, Ledger, "
        "Sticky Notes",
        "Dotted, Ruled, Plain, Squared, Clothbound",
        (199, 3999),
        (50, 900),
        "size: A6, A5, B5, A4",
    ),
    _shelf(
        "Pens and Inks",
        "Fountain Pen, Rollerball, Ballpoint, Mechanical Pencil, Ink Bottle, Brush Pen, Fineliner, Highlighter, "
        "Dip Pen, Pencil Set",
        "Brass, Resin, Aluminium, Classic, Limited",
        (199, 19999),
        (10, 350),
        "nib: extra fine, fine, medium, broad",
    ),
    _shelf(
        "Bags",
        "Backpack, Tote, Messenger Bag, Weekender, Wash Bag, Belt Bag, Laptop Sleeve, Shopping Net, Duffel, Purse",
        "Canvas, Waxed, Leather, Recycled Nylon, Felt",
        (999, 34999),
        (80, 2100),
        "volume: 2 l, 8 l, 18 l, 32 l",
    ),
    _shelf(
        "Hats and Scarves",
        "Beanie, Flat Cap, Bucket Hat, Scarf, Snood, Straw Hat, Beret, Shawl, Headband, Trapper Hat",
        "Merino, Lambswool, Cotton, Cashmere, Corduroy",
        (999, 15999),
        (50, 450),
        "size: S, M, L, one size",
    ),
    _shelf(
        "Socks",
        "Ankle Socks, Crew Socks, Knee Socks, Hiking Socks, Bed Socks, Running Socks, Dress Socks, Tights, "
        "Slipper Socks, Liner Socks",
        "Merino, Cotton, Bamboo, Ribbed, Striped",
        (399, 2999),
        (30, 220),
        "size: 36-38, 39-41, 42-44, 45-47",
    ),
    _shelf(
        "Toys",
        "Building Blocks, Wooden Train, Rag Doll, Puzzle, Spinning Top, Kite, Marble Run, Stacking Rings, "
        "Rocking Horse, Finger Puppets",
        "Beech, Painted, Organic, Classic, Mini",
        (499, 17999),
        (80, 7000),
        "age: from 1, from 3, from 6, from 9",
    ),
    _shelf(
        "Board Games",
        "Chess Set, Backgammon, Draughts, Card Deck, Dominoes, Dice Set, Strategy Game, Party Game, Word Game, "
        "Co-operative Game",
        "Travel, Family, Deluxe, Magnetic, Pocket",
        (499, 11999),
        (90, 3200),
        "players: 1-2, 2, 2-4, 3-8",
    ),
    _shelf(
        "Cycling",
        "Bell, Front Light, Rear Light, Saddle, Pannier, Lock, Pump, Helmet, Bottle Cage, Repair Kit",
        "City, Touring, Racing, Folding, All-weather",
        (499, 19999),
        (40, 1900),
        "colour: black, silver, cream, red",
    ),
)
